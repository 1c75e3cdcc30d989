/** Throw-away VMs of an examination: paused, tiny, without disks and networks, gone when it is over. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostAddress } from './driver.ts';
import type { ClockReading } from './examiner.ts';
import { CreateFlag, MigrateFlag, type LibvirtClient } from './libvirt/client.ts';
import { LibvirtError, LibvirtTimeout } from './libvirt/errors.ts';
import { isTrialLeftover, trialName } from './trial-vms.ts';

/** Memory of the VM itself; QEMU takes some tens of MiB more. */
export const trialMemoryMiB = 16;
const moveTimeoutMs = 60_000;
const eventTimeoutMs = 10_000;

function trialXml(name: string): string {
  // Emulated, so that it starts on every host; that says nothing of a CPU, which is compared elsewhere.
  return [
    `<domain type="qemu"><name>${name}</name>`,
    `<memory unit="MiB">${trialMemoryMiB}</memory><vcpu>1</vcpu><os><type>hvm</type></os>`,
    // With `destroy` for a reboot QEMU would end instead of telling of the reset that its clock is read from.
    '<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>',
    '<devices><controller type="usb" model="none"/><memballoon model="none"/></devices></domain>',
  ].join('');
}

/**
 * libvirt has no question for a host's time. QEMU stamps its events with it, and a paused VM that never ran has one at
 * hand: a reset. The VM goes with the connection.
 */
export async function readHostClock(client: LibvirtClient, run: string): Promise<ClockReading> {
  const domain = await client.createDomain(
    trialXml(trialName(run)),
    CreateFlag.paused | CreateFlag.autodestroy,
  );
  const event = Promise.withResolvers<ClockReading>();
  let askedMs = 0;
  await client.onMonitorEvent(domain, 'RESET', ({ hostMs }) => {
    if (askedMs === 0) return;
    const uncertaintyMs = (Date.now() - askedMs) / 2;
    event.resolve({ offsetMs: hostMs - askedMs - uncertaintyMs, uncertaintyMs });
  });
  askedMs = Date.now();
  await client.qemuMonitorCommand(domain, '{"execute":"system_reset"}');
  const giveUp = new AbortController();
  const late = pause(eventTimeoutMs, undefined, { signal: giveUp.signal }).then(() => {
    throw new LibvirtTimeout({
      procedure: 'QEMU_DOMAIN_MONITOR_COMMAND',
      timeoutMs: eventTimeoutMs,
      sent: true,
      message: `no event of a reset came within ${eventTimeoutMs} ms`,
    });
  });
  try {
    return await Promise.race([event.promise, late]);
  } finally {
    giveUp.abort();
    await late.catch(() => undefined);
  }
}

/** Moves one as `HostSession.migrate` does. @returns milliseconds */
export async function moveTrialVm(trial: {
  readonly source: LibvirtClient;
  readonly target: LibvirtClient;
  readonly to: HostAddress;
  readonly run: string;
}): Promise<number> {
  const { source, target, to, run } = trial;
  const name = trialName(run);
  try {
    // libvirt moves none that would go with its connection: what is left by a worker that dies is found by its name.
    const domain = await source.createDomain(trialXml(name), CreateFlag.paused);
    const beganMs = performance.now();
    await source.migrateToUri(
      domain,
      {
        destinationUri: to.peerUri,
        flags: MigrateFlag.live | MigrateFlag.peer2peer | MigrateFlag.paused,
        parameters: { migrate_uri: `tcp://${to.migrateTo}` },
      },
      { timeoutMs: moveTimeoutMs },
    );
    const tookMs = performance.now() - beganMs;
    await target.domainByName(name);
    return tookMs;
  } finally {
    // What can't be removed now is found by the next examination; what ended the trial says more than this would.
    await Promise.allSettled([destroyByName(source, name), destroyByName(target, name)]);
  }
}

/** @returns the names of those that were there */
export async function clearTrialVms(client: LibvirtClient, run: string): Promise<string[]> {
  const leftovers = (await client.listDomains()).filter(({ name }) => isTrialLeftover(name, run));
  for (const { name } of leftovers) await destroyByName(client, name);
  return leftovers.map(({ name }) => name);
}

/** Transient, it is gone with that. Does nothing where there is none. */
async function destroyByName(client: LibvirtClient, name: string): Promise<void> {
  try {
    await client.destroyDomain(await client.domainByName(name));
  } catch (error) {
    if (error instanceof LibvirtError && ['NO_DOMAIN', 'OPERATION_INVALID'].includes(error.codeName)) return;
    throw error;
  }
}
