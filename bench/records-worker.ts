/** A worker process of Drover's on a Temporal server of the bench. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulatedDroverYaml } from '../lab/simulated/drover-yaml.ts';
import { generateDatacenter } from '../lab/simulated/spec.ts';
import { freePort } from '../test/support/free-port.ts';

const script = fileURLToPath(new URL('../worker/main.ts', import.meta.url));

export class BenchWorker {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Returns when it works. Its hosts answer nobody: records need none. @param folder for its settings */
  static async start(folder: string, temporalPort: number): Promise<BenchWorker> {
    const metricsPort = await freePort();
    const settings = join(folder, `drover-${metricsPort}.yaml`);
    writeFileSync(
      settings,
      simulatedDroverYaml(generateDatacenter({ hosts: 1, vms: 1 }), {
        port: await freePort(),
        stateDir: join(folder, 'state'),
        more: {
          temporal: { embedded: { port: temporalPort }, retentionDays: 1 },
          metrics: { worker: `127.0.0.1:${metricsPort}` },
        },
      }),
    );
    const child = spawn(process.execPath, [script, '--settings', settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    const works = new Promise<void>((resolve, reject) => {
      const hear = (data: Buffer): void => {
        said.push(data.toString());
        if (said.length > 100) said.shift();
        if (said.join('').includes('works on')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code, signal) => {
        const ended = `the worker ended (${code ?? signal})`;
        reject(new Error(`${ended}; it said:\n${said.join('')}`));
        if (signal !== 'SIGKILL') console.error(`${ended}; it said last:\n${said.slice(-5).join('')}`);
      });
    });
    // A bench that is ended ends it too.
    process.once('exit', () => child.kill('SIGKILL'));
    await works;
    return new BenchWorker(child);
  }

  residentMiB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
  }

  /** As a machine does that is overloaded, or whose network is gone: its questions to Temporal stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
