/** What one question to a host costs: Drover's client on its open connection against a spawned virsh. */
import { execa } from 'execa';
import { openLibvirt, transportTo } from '../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../lab/lab.ts';

/** Asks for the same thing in two ways; each returns milliseconds. */
export interface TwoWays extends AsyncDisposable {
  /** What is asked, for people. */
  readonly question: string;
  readonly callMs: () => Promise<number>;
  readonly virshMs: () => Promise<number>;
}

/** Connects to the host's libvirtd, as Drover on its lab does. */
export async function askTwoWays(host: LabHost): Promise<TwoWays> {
  const client = await openLibvirt(transportTo(host.uri, host));
  return {
    question: `statistics of all VMs of ${host.uri} (virsh domstats --raw)`,
    callMs: () => timed(() => client.domainStats()),
    virshMs: () => timed(() => execa('virsh', ['-q', '-c', host.virshUri, 'domstats', '--raw'])),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}
