import { Argument, type Command } from 'commander';
import type { InventoryHost, VmFacts } from '../../../model/inventory.ts';
import { isActionableVmName } from '../../../model/names.ts';
import type { Claim } from '../../claims.ts';
import type { Drover, OperationSummary } from '../../drover.ts';
import { WorkersSilent } from '../../errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { withDrover } from '../session.ts';

interface Options {
  readonly output: Format;
  readonly running?: boolean;
  readonly all?: boolean;
}

type Kind = 'hosts' | 'vms' | 'operations';

/** `drover get hosts|vms|operations`: what there is, asked anew. */
export function registerGet(program: Command): void {
  program
    .command('get')
    .description('list hosts, VMs or operations')
    .addArgument(new Argument('<kind>', 'what to list').choices(['hosts', 'vms', 'operations']))
    .option('--running', 'operations: only those that have not ended')
    .option('--all', 'operations: dry runs and explanations too')
    .addOption(outputOption())
    .action(async (kind: Kind, options: Options, command: Command) => {
      await withDrover(command, (drover) => lists[kind](drover, options));
    });
}

const lists: Readonly<Record<Kind, (drover: Drover, options: Options) => Promise<void>>> = {
  async hosts(drover, { output }) {
    const { hosts } = await drover.inventory();
    print(output, hosts, () => [
      ['HOST', 'CLUSTER', 'STATE', 'VMS', 'CPU', 'MEMORY MIB', 'HYPERVISOR'],
      ...hosts.map(hostRow),
    ]);
  },
  async vms(drover, { output }) {
    const { hosts } = await drover.inventory();
    const vms = hosts.flatMap((host) =>
      host.answer.reachable ? host.answer.facts.vms.map((vm) => ({ host: host.name, ...vm })) : [],
    );
    const silent = hosts.filter(({ answer }) => !answer.reachable).map(({ name }) => name);
    print(output, vms, () => [
      ['VM', 'HOST', 'STATE', 'CPU', 'VCPUS', 'MEMORY MIB', 'UUID'],
      ...vms.map((vm) => vmRow(vm.host, vm)),
    ]);
    if (silent.length > 0) console.error(`not asked, they don't answer: ${silent.join(', ')}`);
  },
  async operations(drover, { output, running = false, all = false }) {
    const operations = await drover.operations({ running, dryRuns: all });
    const claims = await claimsOf(drover, operations);
    const listed = operations.map((one) => {
      const claim = claims.get(one.workflowId);
      return { ...one, ...(claim ? { claim } : {}) };
    });
    print(output, listed, () => [
      ['OPERATION', 'TYPE', 'VM', 'STATUS', 'STATE', 'HOLDS', 'WAITS FOR', 'STARTED', 'ENDED'],
      ...listed.map((one) => [
        one.workflowId,
        one.type,
        one.vm ?? '',
        one.status,
        one.state ?? '',
        one.claim?.kind === 'holds' ? `epoch ${one.claim.epoch}` : '',
        one.claim?.kind === 'waits' ? (one.claim.holder ?? `turn ${one.claim.place}`) : '',
        one.startedAt,
        one.endedAt ?? '',
      ]),
    ]);
  },
};

/** What those that run hold and wait for; nothing, and a word of it, while no worker answers. */
async function claimsOf(
  drover: Drover,
  operations: readonly OperationSummary[],
): Promise<ReadonlyMap<string, Claim>> {
  try {
    const running = operations.filter(({ status }) => status === 'RUNNING');
    return await drover.claims(running, { timeoutMs: 5000 });
  } catch (error) {
    if (!(error instanceof WorkersSilent)) throw error;
    console.error(`what they hold and wait for is not shown: ${error.message}`);
    return new Map();
  }
}

function hostRow({ name, cluster, answer }: InventoryHost): string[] {
  if (!answer.reachable) return [name, cluster, 'unreachable', '', '', '', answer.reason];
  const { facts } = answer;
  const running = facts.vms.filter(({ state }) => state === 'running');
  const memory = running.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
  return [
    name,
    cluster,
    'active',
    String(running.length),
    `${cores(facts.cpuBusyCores)} of ${facts.cpus}`,
    `${memory} of ${facts.memoryMiB}`,
    facts.hypervisor,
  ];
}

function vmRow(host: string, vm: VmFacts): string[] {
  const name = isActionableVmName(vm.name) ? vm.name : `${vm.name} (left alone: rename it)`;
  return [
    name,
    host,
    `${vm.state} (${vm.stateReason})`,
    cores(vm.cpuBusyCores),
    String(vm.vcpus),
    String(vm.memoryMiB),
    vm.uuid,
  ];
}

function cores(value: number | undefined): string {
  return value === undefined ? '?' : value.toFixed(2);
}
