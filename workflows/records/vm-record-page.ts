/** The page of a VM's record in the Temporal UI: who holds the VM, who waits, where it was, what was done with it. */
import { escaped, inCode, pageOf, table } from '../../model/markdown.ts';
import { searchAttributes } from '../../model/operations.ts';
import { moveNoteTexts, type Lease, type VmRecord } from '../../model/vm-record.ts';
import { linkTo, linkToHost, linkToSearch, linkToStart } from '../page.ts';
import { timeText } from '../page-steps.ts';
import { lastUnsettled } from './needs-person.ts';
import { claimantText, listText } from './record-page.ts';

export function vmRecordPage(record: VmRecord): string {
  const { vm, lease, queue, seen, shouldRun, lastMovedAt, operations } = record;
  return pageOf(
    [
      `**VM ${escaped(vm)}.** This workflow remembers it, for as long as Drover knows it: leave it running.`,
      table(
        ['', ''],
        [
          [
            'last seen',
            seen
              ? `${escaped(seen.state)}${inBrackets(seen.stateReason)} on ${linkToHost(seen.host)}, ${timeText(seen.at)}`
              : 'never',
          ],
          [
            'should run',
            shouldRun === undefined ? 'never seen running, so it is not started' : shouldRun ? 'yes' : 'no',
          ],
          ['last moved', lastMovedAt === undefined ? 'never' : timeText(lastMovedAt)],
          ['acted on by', lease ? `${claimantText(lease.holder)}, since ${timeText(lease.since)}` : 'nobody'],
          ...(lease ? leaseRows(lease) : []),
        ],
      ),
      queue.length === 0
        ? undefined
        : `**Who waits for it,** in the order of their turns:\n\n${table(
            ['turn', 'operation', 'since'],
            queue.map(({ claimant, since }, at) => [String(at + 1), claimantText(claimant), timeText(since)]),
          )}`,
      operations.length === 0
        ? undefined
        : `**Its last operations:**\n\n${table(
            ['ended', 'operation', 'outcome', 'message'],
            operations.map(({ workflowId, outcome, endedAt, message }) => [
              timeText(endedAt),
              linkTo(workflowId),
              escaped(outcome),
              escaped(message, 400),
            ]),
          )}`,
    ],
    nextText(record),
  );
}

function leaseRows({ epoch, attempt, state, doubt, move, stop }: Lease): string[][] {
  return [
    ['lease', `${epoch}, attempts on hosts: ${attempt}`],
    ...(move
      ? [
          [
            'moves',
            [
              `from ${linkToHost(move.from)} to ${linkToHost(move.to)}`,
              ...move.notes.map((note) => moveNoteTexts[note]),
            ].join(', '),
          ],
        ]
      : []),
    ...(state === 'inDoubt' ? [['**in doubt**', escaped(doubt ?? 'nobody said why')]] : []),
    ...(stop ? [['asked to stop', `by ${claimantText(stop.by)}, ${timeText(stop.since)}`]] : []),
  ];
}

function nextText(record: VmRecord): string {
  const { vm, lease } = record;
  const settle = `${inCode(`drover settle ${vm}`)}, or ${linkToStart('start settleVm', 'settleVm')} with the input ${inCode(JSON.stringify({ vm }))}`;
  const unsettled = lastUnsettled(record);
  const now = [
    ...(lease?.state === 'inDoubt'
      ? [
          `**It needs a person:** where it is was not found out, and nobody acts on it before that is settled. When its hosts answer: ${settle}. When you know where it runs and a host won’t answer: ${inCode(`drover settle ${vm} --runs-on HOST`)}.`,
        ]
      : []),
    ...(unsettled
      ? [`**It needs a person:** do what ${linkTo(unsettled.workflowId)} says, then settle it: ${settle}.`]
      : []),
  ];
  const search = `${searchAttributes.vm} = '${vm}' AND ${searchAttributes.kind} != 'vm'`;
  return listText([
    ...now,
    `Its operations: ${linkToSearch(`all of ${vm}`, search)}.`,
    `Move it: ${linkToStart('start migrateVm', 'migrateVm')} with the input ${inCode(JSON.stringify({ vm }))}.`,
  ]);
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (${escaped(text)})`;
}
