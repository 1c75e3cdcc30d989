/** The page of a maintenance in the Temporal UI: how far it is, each VM that has not moved and why, how it is ended. */
import { isCancellation, workflowInfo } from '@temporalio/workflow';
import { inputInWords } from '../model/input-words.ts';
import type {
  MaintainHostsInput,
  MaintainHostsResult,
  MaintainHostsStatus,
  MaintainHostsStep,
  VmOfMaintenance,
  VmVerdict,
} from '../model/maintain-hosts.ts';
import { escaped, inCode, table } from '../model/markdown.ts';
import { told, typeOf } from './ending.ts';
import { askedText, linkTo, linkToHost, linkToStart, linkToVm, showPage } from './page.ts';
import { endingText, type Ending } from './page-endings.ts';

const meaning: Readonly<Record<MaintainHostsStep, string>> = {
  closing: 'the hosts are closed to VMs that would come',
  planning: 'every VM on the hosts is looked at, and one plan is made for all',
  emptying: 'VMs move away; they run on',
  left: 'VMs are left on the hosts, for the reasons below: see to those. It tries again by itself, every few minutes',
  held: 'the hosts are empty and closed: do the work, then finish',
  opening: 'the hosts are opened again',
  movingBack: 'VMs go back to where they were',
  ended: 'it has ended',
};
/** What wants a reader's eye first. */
const order: readonly VmVerdict[] = [
  'failed',
  'blocked',
  'stays',
  'moving',
  'movingBack',
  'waiting',
  'gone',
  'moved',
  'movedBack',
];
const mostRows = 50;

export class MaintainHostsPage {
  readonly #input: MaintainHostsInput;
  #warnings: readonly string[] = [];
  #ending: Ending | undefined;

  constructor(input: MaintainHostsInput) {
    this.#input = input;
  }

  planned(warnings: readonly string[]): void {
    this.#warnings = warnings;
  }

  ended({ outcome, message, vms }: MaintainHostsResult): void {
    const left = vms.filter(({ verdict }) => verdict === 'blocked' || verdict === 'failed').length;
    this.#ending = {
      word: outcome,
      message,
      means:
        outcome === 'planned' || outcome === 'blocked'
          ? 'it was a dry run: nothing was changed.'
          : 'the hosts take VMs again, and no VM was stopped.',
      next:
        outcome === 'planned'
          ? [`Do it: ${linkToStart('start maintainHosts', 'maintainHosts')} without ${inCode('dryRun')}.`]
          : left > 0
            ? ['See to the VMs below that were left, for their reasons.']
            : [],
    };
  }

  failed(error: unknown): void {
    const type = typeOf(error);
    this.#ending = {
      word: isCancellation(error) ? 'canceled' : `failed: ${escaped(type ?? 'unknown')}`,
      message: told(error),
      means: 'the hosts that it had closed are open again, and no VM was stopped.',
      next: [
        'Mend what is named above.',
        `To try again: ${linkToStart('start maintainHosts', 'maintainHosts')}, under an id of its own.`,
      ],
    };
  }

  show(status: MaintainHostsStatus): void {
    const { step, hosts, counts, vms, trouble } = status;
    const { workflowId } = workflowInfo();
    const rows = vms.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
    showPage(
      [
        `**Maintains ${hosts.length === 0 ? 'hosts' : hosts.slice(0, mostRows).map(linkToHost).join(', ')}.** ${askedText('maintenance', this.#input.reason)}`,
        inputInWords
          .maintainHosts(this.#input)
          .map((line) => escaped(line))
          .join(' '),
        this.#ending ? undefined : `**Now: ${step}.** ${meaning[step]}.`,
        `**VMs:** ${countsText(counts)}.`,
        ...this.#warnings.map((warning) => `**Warning:** ${escaped(warning)}.`),
        trouble && !this.#ending
          ? `**Trouble,** time ${trouble.attempt}: ${escaped(trouble.message)}.`
          : undefined,
        this.#ending || (step !== 'held' && step !== 'left')
          ? undefined
          : `**When the work is done:** send the update ${inCode('finish')} here (Update, input ${inCode('{"moveBack": true}')} to take the VMs back), or ${inCode(`drover maintain finish --operation ${workflowId}`)}. To end it early: the update ${inCode('cancel')}.`,
        rows.length === 0 ? undefined : vmTable(rows),
      ],
      this.#ending && endingText(this.#ending),
    );
  }
}

function vmTable(rows: readonly VmOfMaintenance[]): string {
  const more = rows.length - mostRows;
  const shown = table(
    ['VM', 'verdict', 'from', 'to', 'operation', 'why'],
    rows
      .slice(0, mostRows)
      .map(({ vm, verdict, from, to = '', operation, reason = '', makesRoomFor }) => [
        linkToVm(vm),
        verdict,
        escaped(from),
        escaped(to),
        operation === undefined ? '' : linkTo(operation),
        escaped(makesRoomFor ? `makes room for ${makesRoomFor.join(', ')}` : reason),
      ]),
  );
  return more > 0 ? `${shown}\n\nAnd ${more} more, which the query ${inCode('progress')} has.` : shown;
}

/** `12 moved, 2 moving, 1 blocked` */
function countsText(counts: MaintainHostsStatus['counts']): string {
  const parts = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
  return parts.length === 0 ? 'none yet' : parts.join(', ');
}
