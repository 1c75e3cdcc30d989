/** The line between the alert receiver and Temporal, as a TCP proxy that holds back a packet of Temporal's. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export class HeldLine implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #server;
  /** Packets that still pass; undefined: all. */
  #passing: number | undefined;
  #held: (() => void) | undefined;

  private constructor(temporalPort: number) {
    this.#server = createServer((caller) => {
      const temporal = connect(temporalPort, '127.0.0.1');
      for (const [one, other] of [
        [caller, temporal],
        [temporal, caller],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
      caller.on('data', (data) => temporal.write(data));
      temporal.on('data', (data) => {
        if (this.#passing === 0) this.#held?.();
        else caller.write(data);
        if (this.#passing) this.#passing--;
      });
    });
  }

  static async to(temporalPort: number): Promise<HeldLine> {
    const line = new HeldLine(temporalPort);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Lets so many packets of Temporal pass, and then none.
   * @returns resolves when one is held back
   */
  holdAfter(packets: number): Promise<void> {
    this.#passing = packets;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = resolve;
    return promise;
  }

  /** From now on everything passes; what was held back is lost, with its connection. */
  pass(): void {
    this.#passing = undefined;
    this.#held = undefined;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pass();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
