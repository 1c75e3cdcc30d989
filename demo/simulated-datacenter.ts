/** The simulated datacenter as the guided move uses it: a process of its own, which ends with this one. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRunFolder } from '../client/up/leftovers.ts';
import { readSpec } from '../lab/simulated/choose.ts';
import { SitePaths, type SiteRecord } from '../lab/simulated/record.ts';
import { defaultSpecFile, endSite, setLoad, startSite, untilNoneRuns } from '../lab/simulated/site.ts';
import type { Datacenter } from './datacenter.ts';

/** @param folder where it keeps its files; `npm run simulated -- --folder` acts on it there */
export function simulatedDatacenter(folder: string): Datacenter {
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
        refuseForeignState(paths);
        await untilNoneRuns(paths);
        // What a killed start left must not act on the new datacenter: neither its processes nor its operations.
        await openRunFolder(join(paths.droverState, 'run')).endLeftovers({ report: steps.line });
        forgetDrover(paths);
        noteOurState(paths);
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
    loadCommand: `npm run simulated -- --folder ${paths.folder} load web1 on`,
  };
}

/** Says, also after this process was killed, that the Drover's state beside it was begun by it, and may be removed. */
const ourNote = ({ droverState }: SitePaths): string => join(droverState, 'made-by-npm-start');

function noteOurState(paths: SitePaths): void {
  mkdirSync(paths.droverState, { recursive: true, mode: 0o700 });
  writeFileSync(ourNote(paths), '');
}

/** @throws Error for the state of a Drover that somebody else began: the guided move needs one without a past */
function refuseForeignState(paths: SitePaths): void {
  if (!existsSync(paths.droverState) || existsSync(ourNote(paths))) return;
  throw new Error(
    `${paths.droverState} is the state of a Drover that npm start did not start, and it is left as it is: ` +
      'give another folder with --folder DIR, or remove that one',
  );
}

/** The state of a Drover that has ended; the datacenter that it worked on is gone. */
function forgetDrover({ droverState }: SitePaths): void {
  rmSync(droverState, { recursive: true, force: true });
}
