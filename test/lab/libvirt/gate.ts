/** A proxy before a libvirtd that counts keepalive packets and can go silent, as a host does whose power is cut. */
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Packet, PacketSplitter } from '../../../activities/hosts/libvirt/packet.ts';
import { keepaliveProgram } from '../../../activities/hosts/libvirt/procedures.ts';
import { openLibvirt, type OpenOptions, transportTo } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';
import { standInFor, uriAt } from '../stand-in.ts';
import type { LabHost } from './lab-hosts.ts';

export class Gate implements AsyncDisposable {
  /** Keepalive packets that passed: pings and pongs of either side. */
  readonly passed = { clientPings: 0, clientPongs: 0, hostPings: 0, hostPongs: 0 };
  readonly #host: LabHost;
  readonly #server: Server;
  readonly #ends: Duplex[] = [];
  #shut = false;

  private constructor(host: LabHost) {
    this.#host = host;
    this.#server = standInFor(host, {
      onPair: (client, upstream) => {
        this.#ends.push(client, upstream);
        this.#join(client, upstream, 'client');
        this.#join(upstream, client, 'host');
      },
      isSilent: () => this.#shut,
      onUnanswered: (client) => void this.#ends.push(client),
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
    return openLibvirt(transportTo(uriAt(this.#host, '127.0.0.1', port), this.#host), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.destroy();
    await new Promise((closed) => {
      this.#server.close(closed);
    });
  }

  #join(from: Duplex, to: Duplex, side: 'client' | 'host'): void {
    const splitter = new PacketSplitter();
    from.on('data', (chunk: Buffer) => {
      if (this.#shut) return;
      splitter.push(chunk, (packet) => this.#count(packet, side));
      to.write(chunk);
    });
    from.on('close', () => {
      if (!this.#shut) to.destroy();
    });
  }

  #count({ header }: Packet, side: 'client' | 'host'): void {
    if (header.program !== keepaliveProgram.number) return;
    this.passed[header.procedure === 1 ? (`${side}Pings` as const) : (`${side}Pongs` as const)] += 1;
  }
}
