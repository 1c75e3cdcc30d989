/**
 * A simulated datacenter as a person has it: a process of its own with the VMs' web servers and the monitoring, the
 * settings by which Drover reaches it, and a folder that says what runs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LabError } from '../errors.ts';
import { waitFor } from '../wait.ts';
import { ControlClient } from './control-client.ts';
import { simulatedDroverYaml } from './drover-yaml.ts';
import type { MonitorSettings } from './monitor.ts';
import {
  dropRecord,
  isRunning,
  Ports,
  runningSite,
  writeRecord,
  type SitePaths,
  type SiteRecord,
} from './record.ts';
import { DatacenterSpec, type DatacenterSpec as Spec } from './spec.ts';

/** A simulation has no time to wait: alerts fire seconds after the cause, as in the lab. The rest are Drover's defaults. */
const starved = { hostBusyRatio: 0.9, vmShareOfHost: 0.25, forSeconds: 3, windowSeconds: 10 };
/** Tried first, so that addresses stay the same from one start to the next; any free port where one is taken. */
const wantedPorts = {
  port: 7400,
  controlPort: 7401,
  webPort: 7480,
  monitorPort: 7490,
  temporal: 7233,
  temporalUi: 8233,
  alerts: 9199,
  workerMetrics: 9464,
};
/** The datacenter of `npm start`. */
export const defaultSpecFile = join(import.meta.dirname, 'default.yaml');
const readyWithinSeconds = 60;
const graceSeconds = 5;

export interface SiteOptions {
  readonly spec: Spec;
  readonly rate?: number;
  /** It ends with this process, however that ends; default false: it goes on. */
  readonly isAttended?: boolean;
}

/** Starts one, writes drover.yaml, and returns when it answers. @throws LabError where one runs already */
export async function startSite(paths: SitePaths, options: SiteOptions): Promise<SiteRecord> {
  const { spec, rate = 1, isAttended = false } = options;
  await untilNoneRuns(paths);
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
  writeFileSync(paths.spec, JSON.stringify(spec));
  writeFileSync(paths.alertToken, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  const free = await freePorts();
  const alerts = `127.0.0.1:${free.alerts}`;
  const monitor: MonitorSettings = {
    alertsUrl: `http://${alerts}/alerts`,
    tokenFile: paths.alertToken,
    starved,
    port: free.monitorPort,
  };
  const args = [
    join(import.meta.dirname, 'main.ts'),
    `--spec=${paths.spec}`,
    `--rate=${rate}`,
    `--port=${free.port}`,
    `--control-port=${free.controlPort}`,
    `--web-port=${free.webPort}`,
    `--monitor=${JSON.stringify(monitor)}`,
    ...(isAttended ? ['--while-stdin-is-open'] : []),
  ];
  const log = openSync(paths.log, 'w');
  // A group of its own: Ctrl-C on the terminal reaches the caller alone, who ends this in its own order.
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: [isAttended ? 'pipe' : 'ignore', 'pipe', log],
  });
  closeSync(log);
  const ports = await untilReady(child, paths);
  const record = writeRecord(paths, { ...ports, pid: child.pid ?? 0, rate, isAttended });
  writeFileSync(
    paths.droverYaml,
    simulatedDroverYaml(spec, {
      port: ports.port,
      stateDir: paths.droverState,
      more: {
        temporal: { embedded: { port: free.temporal, uiPort: free.temporalUi } },
        alerts: { listen: alerts, tokenFile: paths.alertToken },
        metrics: { worker: `127.0.0.1:${free.workerMetrics}` },
        starved,
      },
    }),
  );
  return record;
}

/** Ends it and removes what it made; Drover's own state stays. @returns whether one ran */
export async function endSite(paths: SitePaths): Promise<boolean> {
  const record = runningSite(paths);
  if (record) {
    const killAt = performance.now() + graceSeconds * 1000;
    signal(record, 'SIGTERM');
    await waitFor(`the end of the simulated datacenter (pid ${record.pid})`, graceSeconds * 2, () => {
      if (!isRunning(record)) return { value: true };
      if (performance.now() > killAt) signal(record, 'SIGKILL');
      return { seen: 'it still runs' };
    });
  }
  dropRecord(paths);
  for (const file of [paths.spec, paths.log, paths.droverYaml, paths.alertToken])
    rmSync(file, { force: true });
  try {
    rmdirSync(paths.folder);
  } catch {
    // Drover's own state is in it, or it was never made.
  }
  return record !== undefined;
}

/** The datacenter as it was made. */
export function specOf(paths: SitePaths): Spec {
  return DatacenterSpec.parse(JSON.parse(readFileSync(paths.spec, 'utf8')));
}

/** Asks the one that runs, or tells it something. */
export async function withControl<T>(
  { controlPort }: SiteRecord,
  work: (control: ControlClient) => Promise<T>,
): Promise<T> {
  await using control = await ControlClient.connect(controlPort);
  return await work(control);
}

/** A busy loop inside the guest, or its end. */
export async function setLoad(paths: SitePaths, record: SiteRecord, vm: string, on: boolean): Promise<void> {
  const known = specOf(paths).vms.find(({ name }) => name === vm);
  if (!known) throw new LabError(`the simulated datacenter has no VM ${vm}`);
  const loadCores = on ? known.vcpus : known.loadCores;
  await withControl(record, (control) => control.ask('fault', { kind: 'load', vm, loadCores }));
}

/** An attended one whose caller was killed is just ending. @throws LabError where one goes on */
export async function untilNoneRuns(paths: SitePaths): Promise<void> {
  const running = runningSite(paths);
  if (!running) return;
  const how = running.isAttended
    ? 'it belongs to an npm start that runs: end that with Ctrl-C'
    : 'end it with: npm run simulated -- down';
  const refusal = `a simulated datacenter runs already in ${paths.folder} (process ${running.pid}); ${how}`;
  if (!running.isAttended) throw new LabError(refusal);
  const until = performance.now() + graceSeconds * 1000;
  await waitFor('the end of an earlier simulated datacenter', graceSeconds * 2, () => {
    if (!isRunning(running)) return { value: true };
    if (performance.now() > until) throw new LabError(refusal);
    return { seen: 'it runs' };
  });
}

async function untilReady(child: ChildProcess, paths: SitePaths): Promise<Ports> {
  if (!child.stdout) throw new TypeError('it was started with a pipe');
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new LabError(
      `the simulated datacenter ended (${String(code ?? signal)}): ${readFileSync(paths.log, 'utf8').trim()}`,
    );
  });
  const late = AbortSignal.timeout(readyWithinSeconds * 1000);
  const line = once(createInterface({ input: child.stdout }), 'line', { signal: late });
  try {
    const [text] = (await Promise.race([line, ended])) as [string];
    return Ports.parse(JSON.parse(text));
  } catch (error) {
    child.kill('SIGKILL');
    if (!late.aborted) throw error;
    throw new LabError(`the simulated datacenter was not ready within ${readyWithinSeconds} s`, {
      cause: error,
    });
  } finally {
    ended.catch(() => undefined);
    line.catch(() => undefined);
    // Nothing of it keeps this process alive.
    child.stdout.destroy();
    child.unref();
  }
}

async function freePorts(): Promise<typeof wantedPorts> {
  const taken: Record<string, number> = {};
  for (const [name, wanted] of Object.entries(wantedPorts))
    taken[name] = (await listened(wanted)) ?? (await listened(0)) ?? 0;
  return taken as typeof wantedPorts;
}

/** The port, if it is free. */
async function listened(port: number): Promise<number | undefined> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
    return (probe.address() as AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    probe.close();
  }
}

function signal({ pid }: SiteRecord, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
