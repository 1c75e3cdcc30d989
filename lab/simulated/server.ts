/** The process of a simulated datacenter: sessions of Drover's on one port, those who steer it on another. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ScaledClock } from './clock.ts';
import { serveControl } from './control.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { Referee } from './referee.ts';
import { Session } from './sessions.ts';
import type { DatacenterSpec } from './spec.ts';
import { Traps, type Trap } from './traps.ts';

export interface ServerOptions {
  readonly spec: DatacenterSpec;
  /** How many times as fast as the world's its time runs; default 1. */
  readonly rate?: number;
  readonly address?: string;
  /** Default: any that is free. */
  readonly port?: number;
  readonly controlPort?: number;
}

/** Each datacenter's VMs count their CPU time from less than those of the one before: from here down, in such steps. */
const mostCpuMs = 1e12;
const cpuMsOfOne = 1e6;

export class SimulatedServer {
  datacenter: SimulatedDatacenter;
  referee: Referee;
  readonly traps: Traps;
  readonly #rate: number;
  #spec: DatacenterSpec;
  /** Datacenters made so far. */
  #made = 0;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<Session>();
  readonly #sockets = new Set<Socket>();
  readonly #tellSprung = new Set<(trap: Trap) => void>();

  private constructor({ spec, rate = 1 }: ServerOptions) {
    this.#spec = spec;
    this.#rate = rate;
    this.traps = new Traps((trap) => {
      this.datacenter.journal.write({ kind: 'fault', fault: JSON.stringify(trap) });
      for (const tell of this.#tellSprung) tell(trap);
    });
    ({ datacenter: this.datacenter, referee: this.referee } = this.#make(spec));
  }

  /** Starts it and returns when both ports listen. */
  static async start(options: ServerOptions): Promise<SimulatedServer> {
    const server = new SimulatedServer(options);
    const address = options.address ?? '127.0.0.1';
    await server.#listen(address, options.port, (socket) => {
      socket.setNoDelay(true);
      const session = new Session(server.datacenter, server.traps, socket);
      server.#sessions.add(session);
      socket.on('close', () => void server.#sessions.delete(session));
    });
    await server.#listen(address, options.controlPort, (socket) => serveControl(server, socket));
    return server;
  }

  get port(): number {
    return portOf(this.#servers[0]);
  }

  get controlPort(): number {
    return portOf(this.#servers[1]);
  }

  reset(spec: DatacenterSpec | null): void {
    if (spec) this.#spec = spec;
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
    this.traps.clear();
    ({ datacenter: this.datacenter, referee: this.referee } = this.#make(this.#spec));
  }

  /** Calls back for every trap that springs, until the answer is called. */
  onSprung(tell: (trap: Trap) => void): () => void {
    this.#tellSprung.add(tell);
    return () => void this.#tellSprung.delete(tell);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.end();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map(async (server) => {
        server.close();
        await once(server, 'close');
      }),
    );
  }

  #make(spec: DatacenterSpec): { datacenter: SimulatedDatacenter; referee: Referee } {
    const referee = new Referee();
    const datacenter = new SimulatedDatacenter(spec, new ScaledClock(this.#rate), (entry) =>
      referee.observe(entry),
    );
    // As after a reboot of every host: who measures by two looks must see that the counters began anew.
    for (const { copies } of datacenter.hosts.values())
      for (const { live } of copies.values()) if (live) live.cpuMs = mostCpuMs - cpuMsOfOne * this.#made;
    this.#made++;
    datacenter.momentTrap = async (moment) => {
      if (!this.traps.isEmpty) await this.traps.meet({ kind: 'migration', moment });
    };
    return { datacenter, referee };
  }

  async #listen(address: string, port: number | undefined, serve: (socket: Socket) => void): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => void this.#sockets.delete(socket));
      serve(socket);
    });
    server.listen(port ?? 0, address);
    await once(server, 'listening');
    this.#servers.push(server);
  }
}

function portOf(server: Server | undefined): number {
  if (!server) throw new Error('the simulated datacenter does not listen yet');
  return (server.address() as AddressInfo).port;
}
