/** The examination of libvirt hosts. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostAddress, HostCall } from './driver.ts';
import type { ClockReading, HostExaminer } from './examiner.ts';
import { openLibvirt, type LibvirtClient } from './libvirt/client.ts';
import { deafTransport } from './libvirt/deaf-transport.ts';
import { transportTo, type Credentials } from './libvirt/transport-to.ts';
import { certificatesOf } from './libvirt-certificates.ts';
import { askLibvirt } from './libvirt-errors.ts';
import { clearTrialVms, moveTrialVm, readHostClock } from './libvirt-trial-vm.ts';

export interface LibvirtExaminerSettings extends Credentials {
  readonly keepaliveSeconds: number;
}

const timeoutMs = 10_000;
/** Longer than any trial: this side never pings. */
const neverMs = 2 ** 31 - 1;

export function libvirtExaminer(settings: LibvirtExaminerSettings): HostExaminer {
  const open = (host: HostAddress): Promise<LibvirtClient> =>
    openLibvirt(transportTo(host.uri, settings), {
      timeoutMs,
      keepalive: { intervalMs: Math.ceil((settings.keepaliveSeconds * 1000) / 4), count: 3 },
    });
  const ask = <T>(host: HostAddress, call: HostCall, tried: string, work: () => Promise<T>): Promise<T> =>
    askLibvirt({ host: host.name, call, tried }, work);
  return {
    versions: (host) =>
      ask(host, 'report', 'tell its versions', async () => {
        await using client = await open(host);
        const [libvirt, QEMU] = await Promise.all([client.libVersion(), client.hypervisorVersion()]);
        return { libvirt, QEMU };
      }),
    clock: (host, run): Promise<ClockReading> =>
      ask(host, 'rehearse', 'tell its time', async () => {
        await using client = await open(host);
        return await readHostClock(client, run);
      }),
    droppedAfterMs: (host, mostMs, signal) =>
      ask(host, 'open', `open ${host.uri}`, () => droppedAfterMs(host, settings, mostMs, signal)),
    trialMove: (from, to, run) =>
      ask(from, 'migrate', `move a throw-away VM to ${to.name}`, async () => {
        await using source = await open(from);
        await using target = await open(to);
        return await moveTrialVm({ source, target, to, run });
      }),
    clearLeftovers: (host, run) =>
      ask(host, 'destroy', 'remove throw-away VMs', async () => {
        await using client = await open(host);
        return await clearTrialVms(client, run);
      }),
    certificates: (host) =>
      ask(host, 'open', 'show its certificate', () => certificatesOf(host.uri, settings)),
  };
}

async function droppedAfterMs(
  host: HostAddress,
  credentials: Credentials,
  mostMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const transport = deafTransport(transportTo(host.uri, credentials));
  await using client = await openLibvirt(transport, {
    timeoutMs,
    keepalive: { intervalMs: neverMs, count: 1 },
  });
  transport.fallSilent();
  const sinceMs = performance.now();
  const over = new AbortController();
  const waited = pause(mostMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  try {
    return await Promise.race([
      client.closed.then(() => performance.now() - sinceMs),
      waited.then(() => undefined),
    ]);
  } finally {
    over.abort();
    await waited.catch(() => undefined);
  }
}
