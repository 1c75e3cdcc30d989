/** The line between two libvirtds, as a TCP proxy that can be cut: from then on nothing passes, and no connection ends. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { defaultTcpPort, defaultTlsPort } from '../../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../../lab/lab.ts';

/** Answers stay so long on the line, so that one of them is on its way when the line is cut. */
const answersTakeMs = 300;

export class CutLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #scheme: string;
  readonly #at: string;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor({ address, uri }: LabHost, at: string) {
    this.#at = at;
    this.#scheme = new URL(uri).protocol;
    const port = this.#scheme === 'qemu+tls:' ? defaultTlsPort : defaultTcpPort;
    this.#server = createServer((caller) => {
      const answerer = connect({ host: address, port });
      for (const socket of [caller, answerer]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          if (!this.#isCut) for (const other of [caller, answerer]) other.destroy();
        });
      }
      caller.on('data', (data) => {
        if (!this.#isCut) answerer.write(data);
      });
      answerer.on('data', (data) => {
        setTimeout(() => {
          if (!this.#isCut) caller.write(data);
        }, answersTakeMs);
      });
    });
  }

  /** @param at the address of this machine that the hosts reach */
  static async to(target: LabHost, at: string): Promise<CutLine> {
    const line = new CutLine(target, at);
    line.#server.listen(0, at);
    await once(line.#server, 'listening');
    return line;
  }

  /** How a host reaches the target through the line; what passes is the target's own, TLS and all. */
  get uri(): string {
    return `${this.#scheme}//${this.#at}:${(this.#server.address() as AddressInfo).port}/system`;
  }

  cut(): void {
    this.#isCut = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
