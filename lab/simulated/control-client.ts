/** The other side of `control.ts`: how tests, the harness and the command line reach a simulated datacenter. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { sprungNotification, type Control } from './control.ts';

export class ControlClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  readonly #sprung = new Set<(id: string) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    );
    this.#connection.onNotification(sprungNotification, ({ id }: { id: string }) => {
      for (const tell of this.#sprung) tell(id);
    });
    this.#connection.onError(() => undefined);
    socket.on('error', () => undefined);
    this.#connection.listen();
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<ControlClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new ControlClient(socket);
  }

  async ask<K extends keyof Control>(
    request: K,
    ...[parameters]: Parameters<Control[K]>
  ): Promise<ReturnType<Control[K]>> {
    return await this.#connection.sendRequest<ReturnType<Control[K]>>(request, parameters);
  }

  /** Calls back with the id of every trap that springs, until the answer is called. */
  onSprung(tell: (id: string) => void): () => void {
    this.#sprung.add(tell);
    return () => void this.#sprung.delete(tell);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.dispose();
    this.#socket.destroy();
  }
}
