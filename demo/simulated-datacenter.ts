/** The simulated datacenter as the guided move uses it: a process of its own, which ends with this one. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openRunFolder } from '../client/up/leftovers.ts';
import { readSpec } from '../lab/simulated/choose.ts';
import { SitePaths, type SiteRecord } from '../lab/simulated/record.ts';
import { defaultSpecFile, endSite, setLoad, startSite, untilNoneRuns } from '../lab/simulated/site.ts';
import type { Datacenter } from './datacenter.ts';

/** @param folder where it keeps its files; the commands of `npm run simulated` look in the same one */
export function simulatedDatacenter(folder: string, commandOptions: string): Datacenter {
  const paths = new SitePaths(folder);
  const spec = readSpec(defaultSpecFile);
  let record: SiteRecord | undefined;
  const running = (): SiteRecord => {
    if (!record) throw new Error('the simulated datacenter was not started');
    return record;
  };
  return {
    kind: 'simulated',
    folder: paths.folder,
    droverState: paths.droverState,
    droverYamlPath: paths.droverYaml,
    hosts: spec.hosts,
    hypervisor: 'the simulation',
    alerting: 'the simulated Alertmanager',
    up: (steps) =>
      steps.run('start the simulated datacenter, which plays Prometheus and Alertmanager too', async () => {
        await untilNoneRuns(paths);
        // What a killed start left must not act on the new datacenter: neither its processes nor its operations.
        await openRunFolder(join(paths.droverState, 'run')).endLeftovers({ report: steps.line });
        forgetDrover(paths);
        record = await startSite(paths, { spec, isAttended: true });
      }),
    down: async (steps) => {
      // One that ran already is not ours.
      if (!record) return;
      await steps.run('take the simulated datacenter down', async () => {
        forgetDrover(paths);
        await endSite(paths);
      });
    },
    webServerOf: (name) => {
      if (!spec.vms.some((vm) => vm.name === name))
        throw new Error(`the simulated datacenter has no ${name}`);
      return `http://127.0.0.1:${running().webPort}/${name}`;
    },
    load: (vm, on) => setLoad(paths, running(), vm, on),
    alertsUrl: () => `http://127.0.0.1:${running().monitorPort}/api/v1/alerts`,
    monitoringPages: () =>
      `alerts          http://127.0.0.1:${running().monitorPort}/api/v1/alerts (simulated Prometheus)`,
    loadCommand: `npm run simulated --${commandOptions} load web1 on`,
  };
}

/** The state of a Drover that has ended; the datacenter that it worked on is gone. */
function forgetDrover({ droverState }: SitePaths): void {
  rmSync(droverState, { recursive: true, force: true });
}
