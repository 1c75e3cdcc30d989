/** A TCP proxy before a libvirtd that counts keepalive packets and can go silent, as a host does whose power is cut. */
import net, { type AddressInfo, type Socket } from 'node:net';
import { type Packet, PacketSplitter } from '../../../activities/hosts/libvirt/packet.ts';
import { keepaliveProgram } from '../../../activities/hosts/libvirt/procedures.ts';
import { openLibvirt, type OpenOptions, tcpTransport } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';
import type { LabHost } from './lab-hosts.ts';

export class Gate implements AsyncDisposable {
  /** Keepalive packets that passed: pings and pongs of either side. */
  readonly passed = { clientPings: 0, clientPongs: 0, hostPings: 0, hostPongs: 0 };
  readonly #server: net.Server;
  readonly #sockets: Socket[] = [];
  #shut = false;

  private constructor(host: LabHost) {
    this.#server = net.createServer((client) => {
      const upstream = net.connect({ host: host.address, port: 16_509 });
      this.#sockets.push(client, upstream);
      this.#join(client, upstream, 'client');
      this.#join(upstream, client, 'host');
    });
  }

  static async before(host: LabHost): Promise<Gate> {
    const gate = new Gate(host);
    await new Promise<void>((ready) => {
      gate.#server.listen(0, '127.0.0.1', ready);
    });
    return gate;
  }

  /** From now on nothing passes, and no connection ends. */
  goSilent(): void {
    this.#shut = true;
  }

  open(options: OpenOptions): Promise<LibvirtClient> {
    const { port } = this.#server.address() as AddressInfo;
    return openLibvirt(tcpTransport({ host: '127.0.0.1', port }), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => {
      this.#server.close(closed);
    });
  }

  #join(from: Socket, to: Socket, side: 'client' | 'host'): void {
    const splitter = new PacketSplitter();
    from.on('data', (chunk: Buffer) => {
      if (this.#shut) return;
      splitter.push(chunk, (packet) => this.#count(packet, side));
      to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      if (!this.#shut) to.destroy();
    });
  }

  #count({ header }: Packet, side: 'client' | 'host'): void {
    if (header.program !== keepaliveProgram.number) return;
    this.passed[header.procedure === 1 ? (`${side}Pings` as const) : (`${side}Pongs` as const)] += 1;
  }
}
