import { Duplex } from 'node:stream';
import type { Transport } from './transport.ts';

/** A way to a daemon over which, from one moment on, this side neither hears nor says anything. */
export interface DeafTransport extends Transport {
  /** From now on the connection stays open and silent, as that of a process that was frozen. */
  fallSilent(): void;
}

/** Finds out when a host gives up a client that does not answer its pings. */
export function deafTransport(inner: Transport): DeafTransport {
  const streams: DeafStream[] = [];
  return {
    description: inner.description,
    async open(signal) {
      const stream = new DeafStream(await inner.open(signal));
      streams.push(stream);
      return stream;
    },
    fallSilent: () => {
      for (const stream of streams) stream.isSilent = true;
    },
  };
}

class DeafStream extends Duplex {
  isSilent = false;
  readonly #inner: Duplex;

  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on('data', (chunk: Buffer) => {
      if (!this.isSilent) this.push(chunk);
    });
    inner.on('end', () => this.push(null));
    inner.on('close', () => this.destroy());
    inner.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    // What comes is pushed as it comes.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.isSilent) done();
    else this.#inner.write(chunk, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
