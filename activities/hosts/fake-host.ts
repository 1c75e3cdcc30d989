/** A libvirt host for tests of the driver: a port of this machine behind which every connection meets a fake daemon. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { HostAddress } from './driver.ts';
import { answerOpening, body, FakeDaemon } from './libvirt/fake-daemon.ts';
import type { Packet } from './libvirt/packet.ts';
import { procedure, type ProcedureName } from './libvirt/procedures.ts';
import { writeDomain } from './libvirt/objects.ts';

export const uuid = '11111111-0000-4000-8000-000000000001';
const web1 = { name: 'web1', uuid, id: 1 };

export type Answer = (call: Packet, daemon: FakeDaemon) => void;
/** What the host answers to a call; but for the opening, a call without an entry is never answered. */
export type Answers = { readonly [Name in ProcedureName]?: Answer };

/** The VM `web1` runs here. */
export const listsWeb1 = {
  CONNECT_LIST_ALL_DOMAINS: (call: Packet, daemon: FakeDaemon) =>
    daemon.reply(
      call,
      body((writer) => writer.array([web1], (domain) => writeDomain(writer, domain)).u32(1)),
    ),
  DOMAIN_LOOKUP_BY_UUID: (call: Packet, daemon: FakeDaemon) =>
    daemon.reply(
      call,
      body((writer) => writeDomain(writer, web1)),
    ),
} satisfies Answers;

export class FakeHost implements AsyncDisposable {
  /** One for each connection, in the order in which they came. */
  readonly daemons: FakeDaemon[] = [];
  readonly address: HostAddress;
  readonly #server: Server;

  private constructor(server: Server, answers: Answers) {
    this.#server = server;
    server.on('connection', (socket) => {
      const take: Answer = (call, daemon) => {
        const known = Object.entries(answers).find(([name]) => isCall(call, name as ProcedureName));
        if (known) known[1](call, daemon);
        else answerOpening(call, daemon);
      };
      this.daemons.push(new FakeDaemon(socket, take));
    });
    const { port } = server.address() as AddressInfo;
    const uri = `qemu+tcp://127.0.0.1:${port}/system`;
    this.address = { name: 'host1', uri, peerUri: uri, migrateTo: '127.0.0.1' };
  }

  static async start(answers: Answers): Promise<FakeHost> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeHost(server, answers);
  }

  /** How often a call came, on whatever connection. */
  count(name: ProcedureName): number {
    return this.daemons.flatMap(({ calls }) => calls).filter((call) => isCall(call, name)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stream } of this.daemons) stream.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function isCall({ header }: Packet, name: ProcedureName): boolean {
  const { number, program } = procedure(name);
  return header.procedure === number && header.program === program.number;
}
