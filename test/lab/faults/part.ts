/** One process of Drover, which a test kills, freezes, wakes and starts again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { RunFolder } from '../../../client/up/leftovers.ts';
import type { ProcessToRun } from '../../../client/up/supervisor.ts';
import { untilAnswers } from '../../../client/up/readiness.ts';

const answersWithinMs = 90_000;

export interface PartToRun extends ProcessToRun {
  readonly answers: () => Promise<boolean>;
  readonly logFile: string;
}

export class Part {
  readonly #toRun: PartToRun;
  readonly #run: RunFolder;
  #child: ChildProcess | undefined;

  /** @param run where its process is noted while it runs: one that is frozen does not notice that the test is gone */
  constructor(toRun: PartToRun, run: RunFolder) {
    this.#toRun = toRun;
    this.#run = run;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts it unless it runs; returns at once. */
  launch(): void {
    if (this.isRunning) return;
    const { name, command, args, logFile } = this.#toRun;
    const log = openSync(logFile, 'a');
    // A group of its own: Ctrl-C on the terminal reaches the tests alone.
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) this.#run.remember(name, child.pid);
    child.once('exit', () => this.#run.forget(name));
  }

  /** Starts it unless it runs; returns when it answers. */
  async start(): Promise<void> {
    this.launch();
    const ended = new AbortController();
    this.#child?.once('exit', () => ended.abort());
    const { name, answers, logFile } = this.#toRun;
    if (!(await untilAnswers(answers, { limitMs: answersWithinMs, signal: ended.signal })))
      throw new Error(
        `${name} does not answer; its log ends so:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`,
      );
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As an operator would. */
  async stop(): Promise<void> {
    this.wake();
    await this.#end('SIGTERM');
  }

  freeze(): void {
    if (this.isRunning) this.#child?.kill('SIGSTOP');
  }

  wake(): void {
    if (this.isRunning) this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
