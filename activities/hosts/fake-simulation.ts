/** A simulated host for tests of its driver: it notes what it is asked, and answers what the test tells it to. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { HostAddress } from './driver.ts';

export class FakeSimulation implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly address: HostAddress;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server, answer: (request: string, parameters: unknown) => unknown) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      socket.on('error', () => undefined);
      const connection = createMessageConnection(
        new StreamMessageReader(socket),
        new StreamMessageWriter(socket),
      );
      connection.onError(() => undefined);
      connection.onRequest((request, parameters) => {
        this.requests.push(request);
        return request === 'open' ? null : answer(request, parameters);
      });
      connection.listen();
    });
    const uri = `sim://127.0.0.1:${(server.address() as AddressInfo).port}/host1`;
    this.address = { name: 'host1', uri, peerUri: uri, migrateTo: 'host1' };
  }

  /** @param answer to every request but `open`; what it throws is the answer too */
  static async start(answer: (request: string, parameters: unknown) => unknown): Promise<FakeSimulation> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeSimulation(server, answer);
  }

  /** The host drops every connection. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
