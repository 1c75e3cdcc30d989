/** The alert receiver as a process of its own, before a Temporal server of a test or a benchmark. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulatedDroverYaml } from '../../lab/simulated/drover-yaml.ts';
import { generateDatacenter } from '../../lab/simulated/spec.ts';
import { freePort } from './free-port.ts';

const script = fileURLToPath(new URL('../../client/alerts/main.ts', import.meta.url));

export class ReceiverProcess {
  /** Without a path. */
  readonly url: string;
  readonly tokenFile: string;
  readonly #settings: string;
  #child: ChildProcess | undefined;

  private constructor(settings: string, tokenFile: string, port: number) {
    this.#settings = settings;
    this.tokenFile = tokenFile;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Returns when it listens. @param folder for its settings and its token; its hosts answer nobody */
  static async start(folder: string, temporalPort: number): Promise<ReceiverProcess> {
    const port = await freePort();
    const tokenFile = join(folder, 'alert-token');
    writeFileSync(tokenFile, 'a-token\n', { mode: 0o600 });
    const settings = join(folder, `drover-${port}.yaml`);
    writeFileSync(
      settings,
      simulatedDroverYaml(generateDatacenter({ hosts: 1, vms: 1 }), {
        port: await freePort(),
        stateDir: join(folder, 'state'),
        more: {
          temporal: { embedded: { port: temporalPort }, retentionDays: 1 },
          alerts: { listen: `127.0.0.1:${port}`, tokenFile },
        },
      }),
    );
    const receiver = new ReceiverProcess(settings, tokenFile, port);
    await receiver.start();
    return receiver;
  }

  /** Once more, after its end. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [script, '--settings', this.#settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // Whoever started it may be ended itself.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const hear = (data: Buffer): void => {
        said.push(data.toString());
        if (said.length > 100) said.shift();
        if (said.join('').includes('/alerts\n')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code, signal) =>
        reject(new Error(`the receiver ended (${code ?? signal}); it said:\n${said.join('')}`)),
      );
    });
  }

  get token(): string {
    return readFileSync(this.tokenFile, 'utf8').trim();
  }

  /** @returns undefined where the receiver could not be asked, or went away */
  async post(body: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
    try {
      const response = await fetch(`${this.url}/alerts`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return undefined;
    }
  }

  /** Its metrics, by their names with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    return valuesOf(await (await fetch(`${this.url}/metrics`)).text());
  }

  /** The most memory it has had. */
  highestMiB(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

/** The values of Prometheus' text format, by names with labels: `up{job="drover"}`. */
export function valuesOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.lastIndexOf(' ');
      return line === '' || line.startsWith('#') ? [] : [[line.slice(0, at), Number(line.slice(at + 1))]];
    }),
  );
}
