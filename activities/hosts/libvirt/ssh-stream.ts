/** The two ends of an `ssh` process as one stream, whose error says why ssh ended. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';
import { sshEnd } from './ssh-end.ts';

/** How much of what ssh last said is kept, in characters. */
const keptOfSaid = 4096;
/** An ssh that does not end when it is told to is ended by force. */
const patienceMs = 2_000;

export class SshStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #peer: string;
  #said = '';

  constructor(child: ChildProcessWithoutNullStreams, peer: string) {
    super({ allowHalfOpen: false });
    this.#child = child;
    this.#peer = peer;
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-keptOfSaid);
    });
    // A write that fails says nothing; the end that follows it does. The same goes for the end of what comes.
    child.stdin.on('error', () => undefined);
    child.on('close', (exitCode, signal) =>
      this.destroy(sshEnd({ peer: this.#peer, exitCode, signal, said: this.#said })),
    );
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const child = this.#child;
    child.stdin.destroy();
    // What still comes is nobody's any more, and would keep the process from ending.
    child.stdout.resume();
    if (child.exitCode === null && child.signalCode === null) {
      const force = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      child.once('exit', () => clearTimeout(force));
      child.kill('SIGTERM');
    }
    done(error);
  }
}
