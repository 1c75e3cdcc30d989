/** A rack of a simulated datacenter, emptied by `maintainHosts`, and what a look past Drover says of it afterwards. */
import type {
  MaintainHostsRequest,
  MaintainHostsResult,
  MaintainHostsStatus,
} from '../model/maintain-hosts.ts';
import type { JournalEntry } from '../lab/simulated/journal.ts';
import { beyondSlots } from '../test/harness/slots.ts';
import type { Herd } from './simulated-herd.ts';
import { setTimeout as pause } from 'node:timers/promises';

export interface Evacuation {
  readonly result: MaintainHostsResult;
  readonly workflowId: string;
  /** From the start until the rack was held. */
  readonly emptiedMs: number;
  /** Until the first move had begun: the hosts closed and the plan made. */
  readonly plannedMs: number;
  /** What is wrong afterwards, or was at any moment, in sentences. */
  readonly wrong: readonly string[];
}

export interface EvacuationOptions {
  readonly rack: string;
  readonly caps?: MaintainHostsRequest['caps'];
  /** Called again and again while VMs move. */
  readonly meanwhile?: (status: MaintainHostsStatus) => Promise<void> | void;
  /** Hosts that a fault strikes dead: of VMs that are there, or were, nothing is asked. */
  readonly victims?: readonly string[];
}

/** Empties the rack, holds it for a moment, finishes, and looks at every host past Drover. */
export async function emptyRack(herd: Herd, options: EvacuationOptions): Promise<Evacuation> {
  const { rack, caps, meanwhile, victims = [] } = options;
  const { drover } = herd.running;
  const hosts = herd.spec.hosts
    .filter(({ failureDomains }) => failureDomains['switch'] === rack)
    .map(({ name }) => name);
  const began = performance.now();
  const operation = await drover.start('maintainHosts', {
    failureDomain: { kind: 'switch', name: rack },
    reason: 'an evacuation that is measured',
    ...(caps ? { caps } : {}),
  });
  let plannedMs: number | undefined;
  for (;;) {
    const { isRunning, status } = await operation.look();
    if (!isRunning) break;
    if (status && 'counts' in status) {
      if (status.step === 'emptying') plannedMs ??= performance.now() - began;
      await meanwhile?.(status);
      if (status.step === 'held') break;
    }
    await pause(100);
  }
  const emptiedMs = performance.now() - began;
  const atHeld = await copiesOn(herd, hosts);
  if ((await operation.look()).isRunning) await operation.finishMaintenance();
  const result = await operation.result();
  return {
    result,
    workflowId: operation.workflowId,
    emptiedMs,
    plannedMs: plannedMs ?? emptiedMs,
    wrong: [
      ...atHeld.map((copy) => `${copy} was on the rack when it was held`),
      ...beyondSlots(await journalOf(herd)),
      ...(await wrongNow(herd, victims)),
    ],
  };
}

async function copiesOn(herd: Herd, hosts: readonly string[]): Promise<string[]> {
  const { copies } = await herd.control.ask('world', {});
  return copies
    .filter(({ host, state }) => hosts.includes(host) && (state === 'running' || state === 'paused'))
    .map(({ vm, host }) => `${vm} on ${host}`);
}

async function journalOf(herd: Herd): Promise<readonly JournalEntry[]> {
  return await herd.control.ask('journal', { fromIndex: 0 });
}

/** Every VM runs once. */
async function wrongNow(herd: Herd, victims: readonly string[]): Promise<string[]> {
  const { copies } = await herd.control.ask('world', {});
  return herd.spec.vms.flatMap(({ name }) => {
    const own = copies.filter(({ vm }) => vm === name);
    const running = own.filter(({ state }) => state === 'running');
    const isLost = running.length === 0 && own.every(({ host }) => victims.includes(host));
    if (isLost || (running.length === 1 && own.length === 1)) return [];
    const shown =
      own.map(({ host, state, reason }) => `${state} (${reason}) on ${host}`).join(', ') || 'nowhere';
    return [`${name} should run once, and is ${shown}`];
  });
}
