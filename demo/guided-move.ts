/**
 * The guided move: a client uses a VM's web server at a steady rate, load in the guest drives its weak host to the
 * limit, a Prometheus rule fires, Alertmanager posts, Drover moves the VM, and the client notices nothing.
 */
import type { Drover } from '../client/drover.ts';
import type { MigrateVmResult } from '../model/migrate-vm.ts';
import type { Datacenter } from './datacenter.ts';
import { SteadyClient, servedPerSecond, waitFor, type TrafficCounts } from './traffic.ts';

const vmName = 'web1';
const requestsPerSecond = 10;
/** From the load to the alert: a window of the rate, the rule's `for`, Alertmanager's group_wait. */
const alertWithinSeconds = 90;

export interface GuidedMove extends TrafficCounts {
  readonly outcome: string;
  readonly vm: string;
  readonly from: string;
  readonly to: string;
  /** The cause, as the operation keeps it. */
  readonly alert: string;
  /** From the operation's begin to its end. */
  readonly wholeMs: number;
  readonly copyMs: number;
  /** As the hypervisor reports it. */
  readonly downtimeMs: number;
  /** From its halt at the source to its run at the target, as Drover saw it. */
  readonly standstillMs: number;
  /** Requests that the VM served in a second under load, before and after the move. */
  readonly servedBefore: number;
  readonly servedAfter: number;
}

/** @param tell says what happens, a line at a time */
export async function guidedMove(
  datacenter: Datacenter,
  drover: Drover,
  tell: (line: string) => void,
): Promise<GuidedMove> {
  const weak = datacenter.hosts.toSorted((a, b) => a.cpus - b.cpus)[0];
  if (!weak) throw new Error('the datacenter has no host');
  const site = datacenter.webServerOf(vmName);

  await datacenter.load(vmName, false);
  await untilCalm(datacenter);
  await bringTo(drover, weak.name, tell);
  const began = Date.now();
  const client = new SteadyClient(`${site}/`, requestsPerSecond);
  client.start();
  let counts: TrafficCounts | undefined;
  try {
    tell(
      `a client sends ${requestsPerSecond} requests a second to ${site}; load begins in ${vmName} on ${weak.name} (${weak.cpus} cores)`,
    );
    await datacenter.load(vmName, true);
    const servedBefore = await servedPerSecond(`${site}/cgi-bin/work`);
    tell(`under load ${vmName} serves ${servedBefore.toFixed(1)} requests a second; waiting for the alert`);
    const operation = await waitFor(`an operation that the alert started`, alertWithinSeconds, async () =>
      (await drover.operations({ limit: 20 })).find(
        ({ workflowId, startedAt }) =>
          workflowId.startsWith(`migrate-vm/${vmName}/alert-`) && Date.parse(startedAt) >= began,
      ),
    );
    tell(`${datacenter.alerting} posted the alert; ${operation.workflowId} is under way`);
    const result = await drover.operation<MigrateVmResult>(operation.workflowId).result();
    tell(result.message);
    const servedAfter = await servedPerSecond(`${site}/cgi-bin/work`);
    counts = await client.stop();
    return {
      outcome: result.outcome,
      vm: vmName,
      from: result.from,
      to: result.to ?? '',
      alert: result.reason ?? '',
      wholeMs: result.wholeMs,
      copyMs: result.figures.copyMs ?? 0,
      downtimeMs: result.figures.downtimeMs ?? 0,
      standstillMs: result.figures.standstillMs ?? 0,
      servedBefore,
      servedAfter,
      ...counts,
    };
  } finally {
    if (!counts) await client.stop();
    await datacenter.load(vmName, false);
  }
}

/** An alert of an earlier run must be over: a repeat of its episode would join the operation it has started. */
async function untilCalm(datacenter: Datacenter): Promise<void> {
  await waitFor('the end of an earlier alert', 90, async () => {
    const response = await fetch(datacenter.alertsUrl());
    const { data } = (await response.json()) as { data: { alerts: unknown[] } };
    return data.alerts.length === 0 ? true : undefined;
  });
}

/** An earlier run may have left the VM on the strong host. */
async function bringTo(drover: Drover, host: string, tell: (line: string) => void): Promise<void> {
  const { hosts } = await drover.inventory();
  const at = hosts.find(
    ({ answer }) =>
      answer.reachable && answer.facts.vms.some(({ name, state }) => name === vmName && state === 'running'),
  );
  if (!at || at.name === host) return;
  tell(`${vmName} is on ${at.name} since an earlier run: back to ${host} first`);
  await (
    await drover.start('migrateVm', { vm: vmName, to: host, reason: 'the scene begins there' })
  ).result();
}

/** Whether all that the scene promises held; what did not, as sentences. */
export function brokenPromises(move: GuidedMove): string[] {
  return [
    ...(move.outcome === 'moved' ? [] : [`the operation ended as ${move.outcome}`]),
    ...(move.failed === 0
      ? []
      : [`${move.failed} of ${move.requests} requests failed: ${move.failures.join('; ')}`]),
    ...(move.servedAfter > move.servedBefore ? [] : ['the VM serves no more than before']),
  ];
}
