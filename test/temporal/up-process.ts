/** A `drover up` of its own process, with its output and what its parts wrote down. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { openRunFolder } from '../../client/up/leftovers.ts';
import { freePort } from '../support/free-port.ts';

/** One line of what the parts wrote down. */
export interface PartEvent {
  readonly name: string;
  readonly event: string;
  readonly pid: number;
}

/** A state folder with its settings, in which any number of `drover up` may be started. */
export class UpFolder {
  readonly stateDir: string;
  readonly ports: { readonly port: number; readonly uiPort: number };
  readonly settingsFile: string;
  readonly #events: string;
  readonly #started: ChildProcess[] = [];

  constructor(ports: UpFolder['ports']) {
    this.ports = ports;
    this.stateDir = mkdtempSync(join(tmpdir(), 'drover-up-'));
    this.settingsFile = join(this.stateDir, 'drover.yaml');
    this.#events = join(this.stateDir, 'events');
    writeFileSync(
      this.settingsFile,
      `stateDir: ${this.stateDir}
temporal: {embedded: {port: ${ports.port}, uiPort: ${ports.uiPort}}}
clusters: {none: {datacenter: none, hosts: {host1: {uri: qemu+unix:///nowhere}}}}
`,
    );
  }

  /** Starts one with these parts; its own process group, as a shell would give it. */
  up(...parts: string[]): UpProcess {
    const script = fileURLToPath(new URL('./stand-ins/up.ts', import.meta.url));
    const child = spawn(process.execPath, [script, this.settingsFile, this.#events, ...parts], {
      detached: true,
      // Nothing that is configured on this machine may be used in place of the embedded server.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], XDG_CONFIG_HOME: this.stateDir },
    });
    this.#started.push(child);
    return new UpProcess(child);
  }

  events(): PartEvent[] {
    if (!existsSync(this.#events)) return [];
    return readFileSync(this.#events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', event = '', pid] = line.split(' ');
        return { name, event, pid: Number(pid) };
      });
  }

  /** Waits until the parts wrote down what `look` looks for. */
  async until<T>(look: (events: PartEvent[]) => T | undefined): Promise<T> {
    return vi.waitFor(
      () => {
        const found = look(this.events());
        if (found === undefined) throw new Error(`not yet; the parts wrote ${JSON.stringify(this.events())}`);
        return found;
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  /** The process of the so many-th start of a part (0: the first). */
  async startOf(name: string, start = 0): Promise<number> {
    return this.until(
      (events) => events.filter((one) => one.name === name && one.event === 'start')[start]?.pid,
    );
  }

  /** Ends whatever runs and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.#started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await openRunFolder(join(this.stateDir, 'run')).endLeftovers({ report: () => {}, graceMs: 0 });
    rmSync(this.stateDir, { recursive: true });
  }
}

/** One `drover up`. */
export class UpProcess {
  readonly pid: number;
  #output = '';
  readonly #exited: Promise<number | null>;

  constructor(child: ChildProcess) {
    if (child.pid === undefined) throw new Error('could not be started');
    this.pid = child.pid;
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** What it printed so far. */
  get output(): string {
    return this.#output;
  }

  async untilPrinted(what: RegExp): Promise<void> {
    await vi.waitFor(
      () => {
        if (!what.test(this.#output)) throw new Error(`${what} not printed yet, but:\n${this.#output}`);
      },
      { timeout: 60_000, interval: 50 },
    );
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** As Ctrl-C does: the signal goes to every process of the terminal's foreground group. */
  pressCtrlC(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Its exit code, null when a signal ended it. */
  async exitCode(): Promise<number | null> {
    return this.#exited;
  }
}

/** Two ports that nobody uses now. */
export async function freePorts(): Promise<{ port: number; uiPort: number }> {
  return { port: await freePort(), uiPort: await freePort() };
}
