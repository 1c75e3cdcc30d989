/** The contract's hosts that are simulated. */
import type { HostAddress } from '../../../activities/hosts/driver.ts';
import { simulatedDriver } from '../../../activities/hosts/simulated-driver.ts';
import { bring } from '../../../lab/simulated/faults.ts';
import { SimulatedServer } from '../../../lab/simulated/server.ts';
import { DatacenterSpec } from '../../../lab/simulated/spec.ts';
import { onlyAtTheSource } from './source-parts.ts';
import type { Side } from './stage.ts';

/** It copies all of a guest's memory, where QEMU leaves out what is zero: so it has to be faster. */
const rate = 3;

export async function simulatedSide(): Promise<Side & AsyncDisposable> {
  const spec = DatacenterSpec.parse({
    hosts: [
      { name: 'host1', networks: ['br0', onlyAtTheSource.bridge], storage: ['127.0.0.1'] },
      { name: 'host2', networks: ['br0'], storage: [] },
    ],
  });
  const server = await SimulatedServer.start({ spec, rate });
  const addressOf = (name: string): HostAddress => {
    const uri = `sim://127.0.0.1:${server.port}/${name}`;
    return { name, uri, peerUri: uri, migrateTo: name };
  };
  const hosts = { source: addressOf('host1'), target: addressOf('host2') };
  return {
    name: 'simulation',
    driver: simulatedDriver({ keepaliveSeconds: 8, callTimeoutMs: 60_000 }),
    hosts,
    nobody: { ...hosts.target, peerUri: 'sim://127.0.0.1:1/nobody' },
    kill: (place, { name: vm }) =>
      bring(server.datacenter, { kind: 'crashGuest', vm, host: hosts[place].name }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
