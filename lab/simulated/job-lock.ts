/**
 * What libvirt lets wait. A migration holds the VM's job lock (virdomainjob.c), and most orders wait until it ends: one
 * that came too early is carried out late. While a process is torn down, libvirt holds the whole VM, and every question
 * about it waits too.
 */
import type { SimulatedRequest } from '../../model/simulated.ts';
import type { SimulatedHost } from './host.ts';
import { Refusal } from './refusal.ts';

/** QEMU_JOB_WAIT_TIME */
const mostWaitMs = 30_000;
const lookEveryMs = 10;

/** Orders that an outgoing migration holds up: those beyond its mask of jobs (qemuMigrationJobStart). */
const waitAtSource: ReadonlySet<SimulatedRequest> = new Set([
  'start',
  'resume',
  'undefine',
  'markEpoch',
  'shutDown',
]);
/** An incoming one has an empty mask; only `destroy` gets through, since it kills the process first. */
const waitAtTarget: ReadonlySet<SimulatedRequest> = new Set([...waitAtSource, 'suspend', 'quit', 'migrate']);

/** Waits until the host gets to a request about one of its VMs; for ever, where it does not live to see that. */
export async function turnOf(host: SimulatedHost, request: SimulatedRequest, uuid: string): Promise<void> {
  const { clock } = host.world;
  const { boots } = host;
  const untilMs = clock.nowMs() + mostWaitMs;
  while (isHeldUp(host, request, uuid)) {
    if (clock.nowMs() > untilMs)
      throw new Refusal('OPERATION_TIMEOUT', 'cannot acquire state change lock (held by a migration)');
    await new Promise<void>((resolve) => {
      clock.after(lookEveryMs, resolve);
    });
    const isLost = host.boots !== boots || host.state === 'dead' || host.state === 'off';
    if (isLost) await new Promise(() => {});
  }
}

function isHeldUp({ state, copies }: SimulatedHost, request: SimulatedRequest, uuid: string): boolean {
  if (state === 'frozen') return true;
  const copy = copies.get(uuid);
  if (!copy) return false;
  if (copy.live?.isTornDown) return true;
  return copy.isIncoming ? waitAtTarget.has(request) : copy.job !== undefined && waitAtSource.has(request);
}
