/** Workers as processes that can be killed, frozen and woken at any place in their work. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RunFolder } from '../../client/up/leftovers.ts';
import type { ActivityMoment } from './worker.ts';

const script = fileURLToPath(new URL('./worker.ts', import.meta.url));

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly name: string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exited: Promise<string>;
  #isFrozen = false;
  #wasKilled = false;

  /**
   * @param run where its process is noted while it runs: one that is frozen does not notice that the harness is gone
   * @param meets is called as an attempt begins or ends; the worker goes on once the answer has resolved
   */
  constructor(
    run: RunFolder,
    files: { readonly settings: string; readonly bundle: string; readonly log: string },
    meets: (moment: ActivityMoment, worker: WorkerProcess) => Promise<void>,
  ) {
    const log = openSync(files.log, 'a');
    this.#child = spawn(process.execPath, [script, files.settings, files.bundle], {
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.name = `worker-${this.#child.pid}`;
    if (this.#child.pid !== undefined) run.remember(this.name, this.#child.pid);
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      run.forget(this.name);
      return String(code ?? signal);
    });
    this.#child.on('message', (moment: ActivityMoment) => {
      void meets(moment, this).then(() => this.#go(moment.id));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get isFrozen(): boolean {
    return this.#isFrozen && this.isAlive;
  }

  /** Or was ended, by the harness: any other end is one of its own. */
  get wasKilled(): boolean {
    return this.#wasKilled;
  }

  async kill(): Promise<void> {
    this.#wasKilled = true;
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** As a supervisor ends it for an upgrade: it lets go of its work. */
  async end(): Promise<void> {
    this.#wasKilled = true;
    this.#child.kill('SIGTERM');
    await this.exited;
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#child.kill('SIGSTOP');
  }

  wake(): void {
    this.#isFrozen = false;
    this.#child.kill('SIGCONT');
  }

  /** A process that was killed meanwhile hears nothing. */
  #go(id: number): void {
    if (this.isAlive && this.#child.connected) this.#child.send({ go: id }, () => undefined);
  }
}
