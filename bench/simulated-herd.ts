/** One simulated datacenter with a Drover of its own: the processes, their settings, and what their memory is. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startDrover, type RunningDrover } from '../demo/drover-process.ts';
import { ControlClient } from '../lab/simulated/control-client.ts';
import { simulatedDroverYaml } from '../lab/simulated/drover-yaml.ts';
import { generateDatacenter, type DatacenterSpec } from '../lab/simulated/spec.ts';
import { freePort } from '../test/support/free-port.ts';

const main = fileURLToPath(new URL('../lab/simulated/main.ts', import.meta.url));
const Ready = z.object({ port: z.number(), controlPort: z.number() });

export interface Size {
  readonly hosts: number;
  readonly vms: number;
  /** Default 20. */
  readonly hostsPerSwitch?: number;
}

export class Herd implements AsyncDisposable {
  readonly spec: DatacenterSpec;
  readonly settingsFile: string;
  readonly running: RunningDrover;
  readonly control: ControlClient;
  readonly #folder: string;
  readonly #simulation: ChildProcess;

  private constructor(parts: {
    spec: DatacenterSpec;
    folder: string;
    settingsFile: string;
    simulation: ChildProcess;
    control: ControlClient;
    running: RunningDrover;
  }) {
    this.spec = parts.spec;
    this.settingsFile = parts.settingsFile;
    this.running = parts.running;
    this.control = parts.control;
    this.#folder = parts.folder;
    this.#simulation = parts.simulation;
  }

  /** @param rate how many times as fast as the world's the simulated time runs */
  static async start(size: Size, rate: number): Promise<Herd> {
    const spec = atRate(evenly(generateDatacenter(size)), rate);
    const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));
    const specFile = join(folder, 'datacenter.json');
    writeFileSync(specFile, JSON.stringify(spec));
    // It ends with this process, however that ends, as Drover does.
    const args = [main, '--while-stdin-is-open', '--spec', specFile, '--rate', String(rate)];
    const simulation = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const clean = async (): Promise<void> => {
      await end(simulation);
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const { port, controlPort } = await readyLine(simulation);
      const settingsFile = join(folder, 'drover.yaml');
      const more = {
        survey: { everyMinutes: 0 },
        temporal: { embedded: { port: await freePort(), uiPort: await freePort() } },
        metrics: { worker: `127.0.0.1:${await freePort()}` },
      };
      const stateDir = join(folder, 'state');
      writeFileSync(settingsFile, simulatedDroverYaml(spec, { port, stateDir, more }));
      const running = await startDrover(settingsFile);
      const control = await ControlClient.connect(controlPort);
      return new Herd({ spec, folder, settingsFile, simulation, control, running });
    } catch (error) {
      await clean();
      throw error;
    }
  }

  /** Resident memory of the worker's process, now and at its highest. */
  workerMemory(): { nowMiB: number; highestMiB: number } {
    const status = readFileSync(`/proc/${this.#pidOf('worker')}/status`, 'utf8');
    const mib = (name: string): number =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024);
    return { nowMiB: mib('VmRSS'), highestMiB: mib('VmHWM') };
  }

  /** CPU time that each process has used so far: on a busy machine a better measure than the time that passes. */
  cpuMs(): Record<'worker' | 'temporal' | 'datacenter', number> {
    return {
      worker: cpuMsOf(this.#pidOf('worker')),
      temporal: cpuMsOf(this.#pidOf('temporal')),
      datacenter: cpuMsOf(this.#simulation.pid ?? 0),
    };
  }

  /** kill -9; `drover up` starts another one. */
  killWorker(): void {
    process.kill(this.#pidOf('worker'), 'SIGKILL');
  }

  #pidOf(part: 'worker' | 'temporal'): number {
    const note = readFileSync(join(this.#folder, 'state', 'run', `${part}.json`), 'utf8');
    return z.object({ pid: z.int() }).parse(JSON.parse(note)).pid;
  }

  /** What the processes wrote last, for a person who looks for the cause of a failure. */
  logs(): string {
    const folder = join(this.#folder, 'state', 'log');
    return readdirSync(folder)
      .map(
        (name) => `${name}:\n${readFileSync(join(folder, name), 'utf8').split('\n').slice(-20).join('\n')}`,
      )
      .join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control[Symbol.asyncDispose]();
    await this.running.stop();
    await end(this.#simulation);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Of a process and all that it started. Linux counts it in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 13);
  const started = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return started.reduce((sum, child) => sum + cpuMsOf(Number(child)), (Number(user) + Number(system)) * 10);
}

/** VMs in the order of their hosts: those that are moved, every so-manieth of them, are then spread over all hosts. */
function evenly(spec: DatacenterSpec): DatacenterSpec {
  const perHost = Math.ceil(spec.vms.length / spec.hosts.length);
  return {
    ...spec,
    vms: spec.vms.map((vm, at) => ({ ...vm, host: spec.hosts[Math.floor(at / perHost)]?.name ?? vm.host })),
  };
}

/** CPU time is counted by the simulated clock and measured by the world's: at ten times the rate, a tenth of the load. */
function atRate(spec: DatacenterSpec, rate: number): DatacenterSpec {
  return { ...spec, vms: spec.vms.map((vm) => ({ ...vm, loadCores: vm.loadCores / rate })) };
}

async function readyLine(simulation: ChildProcess): Promise<z.infer<typeof Ready>> {
  if (!simulation.stdout) throw new Error('the simulation has no output');
  const lines = createInterface({ input: simulation.stdout });
  const ended = once(simulation, 'exit').then(() => {
    throw new Error('the simulated datacenter ended before it was ready');
  });
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return Ready.parse(JSON.parse(line));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
