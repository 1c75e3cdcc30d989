/** What one question to a host costs: Drover's client on its open connection against a spawned virsh. */
import { execa } from 'execa';
import { openLibvirt, tcpTransport } from '../activities/hosts/libvirt/client.ts';

/** Asks for the same thing in two ways; each returns milliseconds. */
export interface TwoWays extends AsyncDisposable {
  /** What is asked, for people. */
  readonly question: string;
  readonly callMs: () => Promise<number>;
  readonly virshMs: () => Promise<number>;
}

/** Connects to the host's libvirtd (TCP, without a password, as in the lab). */
export async function askTwoWays(address: string): Promise<TwoWays> {
  const client = await openLibvirt(tcpTransport({ host: address }));
  const uri = `qemu+tcp://${address}/system`;
  return {
    question: `statistics of all VMs of ${uri} (virsh domstats --raw)`,
    callMs: () => timed(() => client.domainStats()),
    virshMs: () => timed(() => execa('virsh', ['-q', '-c', uri, 'domstats', '--raw'])),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}
