/**
 * A scenario: what is asked of Drover, and what goes wrong meanwhile. It is data, made from a seed or kept in a file,
 * and it places each fault by what is being done, never by the time, so that it finds the same place again.
 */
import { z } from 'zod';
import { Fault } from '../../lab/simulated/faults.ts';
import { OwnAction, Place } from '../../lab/simulated/traps.ts';
import { MigrateVmInput } from '../../model/migrate-vm.ts';
import { SettleVmInput } from '../../model/settle-vm.ts';
import { datacenterNames } from './datacenters.ts';

/** A move that is asked for. */
export const AskedMove = z.strictObject({
  workflow: z.literal('migrateVm'),
  input: MigrateVmInput.partial().extend({ vm: z.string() }),
  /** `library`: a person's request; `alert`: Alertmanager posts it, and posts it again until it is taken. */
  by: z.enum(['library', 'alert']).default('library'),
});
export type AskedMove = z.infer<typeof AskedMove>;

/** One thing that is asked of Drover. */
export const AskedOperation = z.discriminatedUnion('workflow', [
  AskedMove,
  z.strictObject({
    workflow: z.literal('settleVm'),
    input: SettleVmInput,
    by: z.literal('library').default('library'),
  }),
  /** Finished as soon as it holds its hosts, or tells that VMs are left on them. */
  z.strictObject({
    workflow: z.literal('maintainHosts'),
    input: z.strictObject({
      hosts: z.array(z.string()).min(1),
      partial: z.boolean().optional(),
      moveBack: z.boolean().optional(),
    }),
    by: z.literal('library').default('library'),
  }),
]);
export type AskedOperation = z.infer<typeof AskedOperation>;

/** A place in Drover's own work: an attempt of an activity begins, or has ended and not yet said so. */
export const ActivityPlace = z.strictObject({
  kind: z.literal('activity'),
  activity: z.string(),
  attempt: z.int().min(1).default(1),
  phase: z.enum(['begins', 'ends']),
});

/** Where a fault strikes; `before`: before anything is asked for; `start`: as soon as the operations were asked for. */
export const FaultPlace = z.union([
  Place,
  ActivityPlace,
  z.strictObject({ kind: z.enum(['before', 'start']) }),
]);
export type FaultPlace = z.infer<typeof FaultPlace>;

/** What goes wrong there. */
export const Act = z.discriminatedUnion('kind', [
  /** Done by the host that is being asked: its answer is lost, late, wrong, a no. */
  ...OwnAction.options,
  /** kill -9; another one is started at once, as a supervisor would. */
  z.strictObject({ kind: z.literal('killWorker') }),
  /** Stopped for so long while another one works, then woken. */
  z.strictObject({ kind: z.literal('freezeWorker'), forMs: z.int().positive() }),
  /** kill -9; started again on the same file. */
  z.strictObject({ kind: z.literal('killTemporal') }),
  z.strictObject({ kind: z.literal('killReceiver') }),
  /** A person asks the operation to end. */
  z.strictObject({ kind: z.literal('cancel') }),
  /** A person terminates the first operation in the Temporal UI: it can let go of nothing. */
  z.strictObject({ kind: z.literal('terminate') }),
  /** Another operation is asked for. */
  z.strictObject({ kind: z.literal('ask'), operation: AskedOperation }),
  /** Something happens in the datacenter, and is undone later by another. */
  z.strictObject({
    kind: z.literal('world'),
    fault: Fault,
    undo: Fault.optional(),
    afterMs: z.int().positive().default(3000),
  }),
]);
export type Act = z.infer<typeof Act>;

export const PlacedFault = z.strictObject({
  /** Its kind, by which faults are left out and counted: `workerKilled`, `lastReplyLost`. */
  name: z.string(),
  at: FaultPlace,
  act: Act,
  /** It only brings about the place of another one, and is not counted: a second attempt needs a first that failed. */
  isPremise: z.boolean().optional(),
});
export type PlacedFault = z.infer<typeof PlacedFault>;

export const Scenario = z.strictObject({
  seed: z.int().optional(),
  /** Default: `small`. */
  datacenter: z.enum(datacenterNames).optional(),
  operations: z.array(AskedOperation).min(1),
  faults: z.array(PlacedFault),
});
export type Scenario = z.infer<typeof Scenario>;

/** A scenario in a line, for reports. */
export function inWords({ seed, datacenter, operations, faults }: Scenario): string {
  const asked = operations.map(({ workflow, input, by }) => `${workflow} ${JSON.stringify(input)} by ${by}`);
  const wrong = faults.map(
    ({ name, at, isPremise }) => `${isPremise ? 'given ' : ''}${name} ${placeInWords(at)}`,
  );
  return `${seed === undefined ? '' : `seed ${seed}: `}${datacenter === undefined ? '' : `${datacenter}: `}${asked.join(' and ')}; ${wrong.join(', ') || 'undisturbed'}`;
}

export function placeInWords(at: FaultPlace): string {
  switch (at.kind) {
    case 'call':
      return `${at.phase} ${at.call} ${at.nth} of ${at.host ?? 'any host'}`;
    case 'migration':
      return `at the migration's "${at.moment}"`;
    case 'activity':
      return `as ${at.activity}, attempt ${at.attempt}, ${at.phase}`;
    case 'before':
      return 'before anything is asked for';
    case 'start':
      return 'at the start';
    default:
      throw new TypeError(`no such place: ${String(at satisfies never)}`);
  }
}
