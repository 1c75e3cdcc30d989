/**
 * A switch is upgraded at noon: the hosts behind it are emptied while clients use their VMs, the switch goes down and
 * comes back, the hosts are opened and the VMs taken back. The clients notice nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { maintenanceLine } from '../client/cli/follow.ts';
import type { Drover } from '../client/drover.ts';
import type { Operation } from '../client/operation.ts';
import type { MaintainHostsResult, MaintainHostsStatus } from '../model/maintain-hosts.ts';
import { SteadyClient, waitFor, type TrafficCounts } from './traffic.ts';

/** What the scene needs of the datacenter that it plays on. */
export interface SwitchStage {
  readonly drover: Drover;
  /** By VM, where its web server answers. */
  readonly sites: Readonly<Record<string, string>>;
  setSwitch(name: string, up: boolean): Promise<void>;
}

export interface SwitchScene {
  readonly requests: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly longestGapMs: number;
  readonly moved: number;
  readonly movedBack: number;
  readonly switchDownSeconds: number;
  readonly outcome: string;
}

const requestsPerSecond = 10;
const downSeconds = 10;
const heldWithinSeconds = 300;

/** @param tell says what happens, a line at a time */
export async function switchScene(
  { drover, sites, setSwitch }: SwitchStage,
  tell: (line: string) => void,
): Promise<SwitchScene> {
  const name = 'sw1';
  const clients = Object.values(sites).map((site) => new SteadyClient(`${site}/`, requestsPerSecond));
  for (const client of clients) client.start();
  tell(`clients send ${requestsPerSecond} requests a second to each of ${Object.keys(sites).join(', ')}`);
  let counts: TrafficCounts[] | undefined;
  try {
    const operation: Operation<MaintainHostsResult> = await drover.start('maintainHosts', {
      failureDomain: { kind: 'switch', name },
      reason: `firmware of ${name}`,
      moveBack: true,
    });
    tell(`${operation.workflowId} empties the hosts behind ${name}`);
    const held = await untilHeld(operation, tell);
    tell(`${held.hosts.join(', ')} are empty and closed; ${name} goes down for ${downSeconds} s`);
    const downAt = performance.now();
    await setSwitch(name, false);
    await pause(downSeconds * 1000);
    await setSwitch(name, true);
    const switchDownSeconds = Number(((performance.now() - downAt) / 1000).toFixed(1));
    tell(`${name} is back; the work is done`);
    await operation.finishMaintenance();
    const result = await operation.result();
    tell(result.message);
    counts = await Promise.all(clients.map((client) => client.stop()));
    const of = (...verdicts: readonly string[]): number =>
      result.vms.filter(({ verdict }) => verdicts.includes(verdict)).length;
    return {
      requests: counts.reduce((sum, { requests }) => sum + requests, 0),
      failed: counts.reduce((sum, { failed }) => sum + failed, 0),
      failures: counts.flatMap(({ failures }) => failures),
      longestGapMs: Math.max(...counts.map(({ longestGapMs }) => longestGapMs)),
      moved: of('moved', 'movedBack', 'stays'),
      movedBack: of('movedBack'),
      switchDownSeconds,
      outcome: result.outcome,
    };
  } finally {
    if (!counts) await Promise.all(clients.map((client) => client.stop()));
  }
}

async function untilHeld(
  operation: Operation<MaintainHostsResult>,
  tell: (line: string) => void,
): Promise<MaintainHostsStatus> {
  let told = '';
  return await waitFor('the hosts to be empty', heldWithinSeconds, async () => {
    const { isRunning, status } = await operation.look();
    // It says itself why it has ended.
    if (!isRunning) await operation.result();
    if (!status || !('counts' in status)) return undefined;
    const line = maintenanceLine(status);
    if (line !== told) tell(line);
    told = line;
    return status.step === 'held' ? status : undefined;
  });
}

/** Whether all that the scene promises held; what did not, as sentences. */
export function brokenPromises(scene: SwitchScene, vms: number): string[] {
  const { requests, failed, failures, moved, movedBack, outcome } = scene;
  return [
    ...(outcome === 'finished' ? [] : [`the maintenance ended as ${outcome}`]),
    ...(failed === 0 ? [] : [`${failed} of ${requests} requests failed: ${failures.join('; ')}`]),
    ...(moved === vms ? [] : [`${moved} of ${vms} VMs moved`]),
    ...(movedBack === vms ? [] : [`${movedBack} of ${vms} VMs went back`]),
  ];
}
