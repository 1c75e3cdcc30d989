import type { Command } from 'commander';
import { progressText } from '../../../model/progress-text.ts';
import type { MaintainHostsStatus } from '../../../model/maintain-hosts.ts';
import type { VmRecord } from '../../../model/vm-record.ts';
import type { Settings } from '../../../settings/schema.ts';
import type { Drover } from '../../drover.ts';
import { WorkersSilent } from '../../errors.ts';
import { didYouMean } from '../../near-names.ts';
import type { OperationDetails } from '../../operation-details.ts';
import type { OperationView } from '../../operation.ts';
import { claimOf, type Claim } from '../../claims.ts';
import { addExamples } from '../examples.ts';
import { UsageError } from '../exit.ts';
import { failureData } from '../failure-data.ts';
import { inUi } from '../in-ui.ts';
import { checkedOperationId } from '../input.ts';
import { kindArgument } from '../kind-argument.ts';
import { checkHost, withNearOperations } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { printable } from '../printable.ts';
import { hostSections, vmSections, when } from '../record-texts.ts';
import { sectionsText, type Section } from '../sections.ts';
import { awaited, patiently } from '../patience.ts';
import { withDrover } from '../session.ts';
import { maintenanceLine } from '../follow.ts';
import { alertOverText } from '../texts.ts';

type Kind = 'vm' | 'host' | 'operation';
type Describe = (drover: Drover, name: string, settings: Settings) => Promise<Described>;

/** An operation, and where it is seen. */
type Shown = OperationDetails & { readonly url?: string };

interface Described {
  readonly data: unknown;
  readonly sections: (now: Date) => readonly Section[];
}

/** `drover describe vm|host|operation NAME`: who holds it, who waits, what is remembered of it. */
export function defineDescribe(verb: Command): void {
  verb
    .addArgument(kindArgument(['vm', 'host', 'operation'], 'of what'))
    .argument('<name>', "the name, or an operation's id")
    .addOption(outputOption())
    .action(async (kind: Kind, name: string, { output }: { output: Format }, command: Command) => {
      await withDrover(command, async (drover, settings) => {
        const { data, sections } = await patiently(
          awaited.described,
          describers[kind](drover, name, settings),
        );
        if (output === 'table') console.log(sectionsText(sections(new Date())));
        else print(output, data, () => []);
      });
    });
  addExamples(verb, {
    'drover describe vm web1': 'who holds it, who waits, where it was seen, its last operations',
    'drover describe host host1 -o json': 'its state, and the room and slots held there',
  });
}

const describers: Readonly<Record<Kind, Describe>> = {
  async vm(drover, name) {
    const record = await drover.vmRecord(name);
    if (record) return { data: record, sections: (now) => vmSections(record, now) };
    const { hosts } = await drover.inventory();
    const found = hosts.flatMap((host) =>
      host.answer.reachable ? host.answer.facts.vms.map((vm) => ({ host: host.name, vm })) : [],
    );
    const copies = found.filter(({ vm }) => vm.name === name);
    if (copies.length === 0) {
      const names = found.map(({ vm }) => vm.name);
      throw new UsageError(`no host has a VM called ${name}, and it has no record${didYouMean(name, names)}`);
    }
    const data = { vm: name, record: null, copies: copies.map(({ host, vm }) => ({ host, ...vm })) };
    return {
      data,
      sections: () => [
        { title: 'VM', body: { VM: name, record: 'none yet: the next survey makes it' } },
        {
          title: 'Now',
          body: [['HOST', 'STATE', 'UUID'], ...copies.map(({ host, vm }) => [host, vm.state, vm.uuid])],
        },
      ],
    };
  },

  async host(drover, name, settings) {
    checkHost(name, settings);
    const record = await drover.hostRecord(name);
    if (record) return { data: record, sections: (now) => hostSections(record, now) };
    return {
      data: { host: name, record: null },
      sections: () => [{ title: 'host', body: { host: name, record: 'none yet: nothing is held on it' } }],
    };
  },

  async operation(drover, typed) {
    const workflowId = checkedOperationId(typed);
    const operation = drover.operation(workflowId);
    const known = await operation.details().catch(async (error: unknown) => {
      throw await withNearOperations(error, workflowId, drover);
    });
    const details = { ...known, ...inUi(drover, workflowId) };
    if (details.status !== 'RUNNING') {
      const end = await operation.result().then(
        (result) => ({ result }),
        (error: unknown) => ({ failure: failureData(error) ?? { message: (error as Error).message } }),
      );
      return { data: { ...details, ...end }, sections: (now) => endedSections(details, end, now) };
    }
    const [view, record] = await Promise.all([
      operation.look(),
      details.vm === undefined ? undefined : recordIfAnswered(drover, details.vm),
    ]);
    const claim = record && claimOf(record, workflowId);
    return {
      data: { ...details, ...view, ...(claim ? { claim } : {}) },
      sections: (now) => runningSections(details, view, { claim, record }, now),
    };
  },
};

/** An operation is worth describing also while no worker answers. */
async function recordIfAnswered(drover: Drover, vm: string): Promise<VmRecord | undefined> {
  try {
    return await drover.vmRecord(vm, { timeoutMs: 5000 });
  } catch (error) {
    if (error instanceof WorkersSilent) return undefined;
    throw error;
  }
}

function headOf(details: Shown, now: Date): Section {
  return {
    title: 'operation',
    body: {
      operation: details.workflowId,
      type: details.type,
      VM: details.vm,
      host: details.host,
      status: details.status,
      state: details.state,
      'asked by': details.summary,
      started: when(details.startedAt, now),
      ended: details.endedAt && when(details.endedAt, now),
      'needs a person': details.needsOperator ? 'yes' : undefined,
      'Temporal UI': details.url,
    },
  };
}

function endedSections(details: Shown, end: object, now: Date): Section[] {
  const { result, failure } = end as {
    result?: { outcome?: string; message?: string };
    failure?: { type?: string; message: string };
  };
  return [
    headOf(details, now),
    {
      title: 'End',
      body: {
        outcome: result?.outcome,
        failure: failure?.type,
        message: result?.message ?? failure?.message,
      },
    },
  ];
}

function runningSections(
  details: Shown,
  { status, progress, trouble }: OperationView,
  { claim, record }: { readonly claim: Claim | undefined; readonly record: VmRecord | undefined },
  now: Date,
): Section[] {
  if (status && 'counts' in status) return [headOf(details, now), ...maintenanceSections(status)];
  const measured = progress ?? status?.progress;
  return [
    headOf(details, now),
    {
      title: 'Now',
      body: {
        step: status?.step ?? 'no worker answers',
        from: status?.from,
        to: status?.to,
        copy: measured && progressText(measured),
        trouble: trouble && `attempt ${trouble.attempt}: ${trouble.message}`,
        alert: status && alertOverText(status),
      },
    },
    { title: 'Lease', body: claimText(details, claim, record, now) },
  ];
}

function maintenanceSections(status: MaintainHostsStatus): Section[] {
  const { hosts, vms } = status;
  const head = ['VM', 'VERDICT', 'FROM', 'TO', 'WHY'];
  return [
    { title: 'Now', body: { step: maintenanceLine(status), hosts: hosts.join(', ') } },
    {
      title: 'VMs',
      body:
        vms.length === 0
          ? 'none were seen on them yet'
          : [
              head,
              ...vms.map(({ vm, verdict, from, to = '', reason = '' }) => [vm, verdict, from, to, reason]),
            ],
    },
  ];
}

function claimText(
  { vm }: OperationDetails,
  claim: Claim | undefined,
  record: VmRecord | undefined,
  now: Date,
): string {
  if (vm !== undefined && !record) return `unknown: ${vm} has no record, or no worker answers`;
  if (vm === undefined || !claim) return 'holds none, and waits for none';
  if (claim.kind === 'waits')
    return printable(
      `waits for ${vm}, turn ${claim.place}${claim.holder === undefined ? '' : `; held by ${claim.holder}`}`,
    );
  const waiters = record?.queue.length ?? 0;
  return `holds ${vm} since ${when(claim.since, now)}, epoch ${claim.epoch}; ${waiters === 0 ? 'nobody waits' : `${waiters} wait`}`;
}
