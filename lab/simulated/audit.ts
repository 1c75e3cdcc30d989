/**
 * The referee's look at the whole: what must have come right when nothing is open any more. `VmStory` tells what became
 * of each VM, `AuditInput` what Drover says of its operations.
 */
import { z } from 'zod';
import { causeInWords, copyInWords, inMs, type Charge } from './conviction.ts';
import { leftoversOf, unfinishedOf, type KnownHost } from './leftovers.ts';
import { isActive, isHalf, type Deed, type VmStory } from './vm-story.ts';

/** What the operations, triggers and records say when nothing is open any more. */
export const AuditInput = z.strictObject({
  operations: z
    .array(
      z.strictObject({
        workflowId: z.string(),
        vm: z.string().optional(),
        /** How it ended, as it says itself: `moved`, `stayed`, `failed: NeedsOperator`; absent: it has not ended. */
        ending: z.string().optional(),
        /** Its end says that the VM was started anew from its disk. */
        restartedFromDisk: z.boolean().default(false),
      }),
    )
    .default([]),
  triggers: z
    .array(
      z.strictObject({
        id: z.string(),
        answer: z.enum(['started', 'joined', 'ignored', 'refused']).optional(),
        /** The operation that the answer names. */
        workflowId: z.string().optional(),
      }),
    )
    .default([]),
  /** Whatever is still held: leases, reservations, migration slots, by a name that a reader understands. */
  held: z.array(z.string()).default([]),
});
export type AuditInput = z.infer<typeof AuditInput>;

export interface Whole {
  readonly stories: readonly VmStory[];
  readonly hosts: ReadonlyMap<string, KnownHost>;
  readonly input: AuditInput;
  readonly nowMs: number;
}

export function chargesOf(whole: Whole): Charge[] {
  return [
    ...whole.stories.flatMap((story) => [
      ...chargesOfBoots(story, whole.input),
      ...[...chargesOfStanding(story), ...leftoversOf(story, whole.hosts)].filter(
        ({ kind }) => !awaitsOperator.includes(kind) || !asksOperator(story, whole.input),
      ),
      ...unfinishedOf(story, whole.hosts),
    ]),
    ...chargesOfOperations(whole),
  ];
}

/**
 * What may stay as it is for a while where an operation has asked a person to look: nothing was lost by it. A migration
 * that is still under way may not.
 */
const awaitsOperator: readonly Charge['kind'][] = ['stoppedUnasked', 'leftover'];

function asksOperator({ vm }: VmStory, { operations }: AuditInput): boolean {
  return operations.some((operation) => operation.vm === vm && operation.ending === 'failed: NeedsOperator');
}

/** Boots are judged once: those that an operation has told of by now are explained for good. */
function chargesOfBoots(story: VmStory, { operations }: AuditInput): Charge[] {
  const boots = story.unexplainedBoots.splice(0);
  if (operations.some(({ vm, restartedFromDisk }) => vm === story.vm && restartedFromDisk)) return [];
  return boots.map((deed) =>
    charge(
      'unexplainedBoot',
      story,
      deed,
      `${story.vm} was booted anew (boot ${deed.boot}) ${deedInWords(deed)}, and no operation says that it was ` +
        `restarted from its disk`,
    ),
  );
}

/**
 * A VM that ran should run until a person stops or pauses it, or a fault takes it down: then to bring it back is no
 * duty of an operation that only moves VMs. A person's pause, or an I/O error, explains a VM that is paused, never one
 * that has ended.
 */
function chargesOfStanding(story: VmStory): Charge[] {
  const { vm, excuse, stopped, gone, undefinedBy } = story;
  const wasUndefined = !story.isDefined && undefinedBy !== undefined && undefinedBy.cause.kind !== 'person';
  const wasEndedByPerson = excuse?.covers === 'end' && excuse.cause.kind === 'person';
  // A fault ends a VM, and with it a transient one; it takes no definition away.
  const isLost = undefinedBy ? wasUndefined && !wasEndedByPerson : excuse?.covers !== 'end';
  if (story.hasRun && story.copies.size === 0 && gone && isLost) {
    const message = `no host knows ${vm} any more: the last that did forgot it ${deedInWords(gone)}`;
    return [charge('vmLost', story, gone, message)];
  }
  const lost = wasUndefined
    ? [
        charge(
          'definitionLost',
          story,
          undefinedBy,
          `no host has a definition of ${vm} any more: the last was removed ${deedInWords(undefinedBy)}`,
        ),
      ]
    : [];
  const isPaused = [...story.copies.values()].some(
    ({ view }) => view.state === 'paused' && isActive(view) && !isHalf(view),
  );
  const isExcused = excuse?.covers === 'end' || (excuse?.covers === 'pause' && isPaused);
  if (!stopped || isExcused) return lost;
  const where = [...story.copies.values()].map(({ view }) => copyInWords(view)).join('; ') || 'known nowhere';
  const message = `${vm} should run, and stopped ${deedInWords(stopped)}; it is ${where}`;
  return [...lost, charge('stoppedUnasked', story, stopped, message)];
}

function chargesOfOperations({ input: { operations, triggers, held }, nowMs }: Whole): Charge[] {
  const told = { atMs: nowMs };
  const isTaken = ({ answer, workflowId }: AuditInput['triggers'][number]): boolean => {
    if (answer !== 'started' && answer !== 'joined') return answer !== undefined;
    if (workflowId === undefined) return operations.length > 0;
    return operations.some((operation) => operation.workflowId === workflowId);
  };
  return [
    ...operations
      .filter(({ ending }) => ending === undefined)
      .map(({ workflowId, vm }) => ({
        ...told,
        key: workflowId,
        kind: 'operationUnended' as const,
        ...(vm === undefined ? {} : { vm }),
        message: `operation ${workflowId}${vm === undefined ? '' : ` on ${vm}`} has not ended`,
      })),
    ...triggers
      .filter((trigger) => !isTaken(trigger))
      .map(({ id, answer, workflowId }) => ({
        ...told,
        key: id,
        kind: 'triggerLost' as const,
        message: answer
          ? `trigger ${id} was answered "${answer}", and there is no operation ${workflowId ?? 'at all'}`
          : `trigger ${id} was never answered`,
      })),
    ...held.map((what) => ({
      ...told,
      key: what,
      kind: 'leftover' as const,
      message: `still held though nothing is open: ${what}`,
    })),
  ];
}

function charge(kind: Charge['kind'], { vm }: VmStory, { host, atMs }: Deed, message: string): Charge {
  return { key: `${vm} ${host} ${atMs}`, kind, vm, host, atMs, message };
}

function deedInWords({ host, atMs, cause }: Deed): string {
  return `on ${host} at ${inMs(atMs)}, by ${causeInWords(cause)}`;
}
