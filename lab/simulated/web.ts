/**
 * The web servers of simulated VMs, as their users see them: `http://127.0.0.1:PORT/web1/`. A request is answered by
 * the copy that runs and that users reach. While there is none, but a copy that may run again (paused for the
 * switch-over, on a host that nobody reaches), it waits as TCP would send it again, up to its client's patience; where
 * no host has a process of the VM, it is answered with 503 at once.
 *
 * - `/VM/` - a page
 * - `/VM/cgi-bin/up` - the guest's uptime as /proc/uptime has it: it stands still while the guest does
 * - `/VM/cgi-bin/work` - a fixed piece of computing, so that answers a second tell how much CPU the guest gets
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Copy, Live } from './copy.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import type { SimulatedHost } from './host.ts';

/** The party that users are in the simulated network. */
export const users = 'users';
/** CPU time of one `/cgi-bin/work`, in core-milliseconds: some 12 a second of a whole core, as the lab's guests serve. */
const workCoreMs = 80;
/** How often a request that waits or works looks again; real time, for it is real clients that wait. */
const lookEveryMs = 5;

/** A VM as its users find it now. */
type Sight =
  | { readonly kind: 'serves'; readonly host: SimulatedHost; readonly copy: Copy; readonly live: Live }
  | { readonly kind: 'waits' }
  | { readonly kind: 'nobody' };

export class VmWebServer {
  readonly #datacenter: () => SimulatedDatacenter;
  readonly #server: Server;
  /** Pieces of work under way in each guest, which share its CPU. */
  readonly #working = new Map<string, number>();

  private constructor(datacenter: () => SimulatedDatacenter) {
    this.#datacenter = datacenter;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** @param datacenter the one that there is now: it may be made anew at any time */
  static async start(
    datacenter: () => SimulatedDatacenter,
    { address = '127.0.0.1', port = 0 } = {},
  ): Promise<VmWebServer> {
    const web = new VmWebServer(datacenter);
    web.#server.listen(port, address);
    await once(web.#server, 'listening');
    return web;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, vm = '', ...rest] = (request.url ?? '').replace(/\?.*$/, '').split('/');
    const page = `/${rest.join('/')}`;
    const datacenter = this.#datacenter();
    if (!datacenter.spec.vms.some(({ name }) => name === vm)) {
      const known = datacenter.spec.vms.slice(0, 20).map(({ name }) => name);
      return answer(response, 404, `no VM ${vm}; there are: ${known.join(', ')}`);
    }
    if (page !== '/' && page !== '/cgi-bin/up' && page !== '/cgi-bin/work')
      return answer(response, 404, `${vm} serves /, /cgi-bin/up and /cgi-bin/work`);

    const uuid = SimulatedDatacenter.vmUuid(vm);
    let serving = await this.#untilServed(datacenter, uuid, response);
    if (serving === 'gone') return undefined;
    if (serving && page === '/cgi-bin/work') serving = await this.#work(datacenter, uuid, serving, response);
    // The guest that had the connection has ended: so does the connection.
    if (serving === 'gone') return void response.destroy();
    if (!serving) return answer(response, 503, `no host runs ${vm}`);
    const seconds = (serving.live.guest.now.uptimeMs / 1000).toFixed(2);
    if (page === '/cgi-bin/up') return answer(response, 200, `${seconds} 0.00`);
    if (page === '/cgi-bin/work') return answer(response, 200, `worked, uptime ${seconds} 0.00`);
    return answer(response, 200, `${vm} of a simulated datacenter`);
  }

  /** Waits until a copy serves; undefined: no host has one, `gone`: the client has lost its patience. */
  async #untilServed(
    datacenter: SimulatedDatacenter,
    uuid: string,
    response: ServerResponse,
  ): Promise<Extract<Sight, { kind: 'serves' }> | 'gone' | undefined> {
    for (;;) {
      const sight = lookFor(datacenter, uuid);
      if (sight.kind === 'serves') return sight;
      if (sight.kind === 'nobody') return undefined;
      await pause(lookEveryMs);
      if (response.destroyed || this.#datacenter() !== datacenter) return 'gone';
    }
  }

  /** Computes inside the guest, wherever it runs meanwhile; `gone` when that boot of it, or the client, has ended. */
  async #work(
    datacenter: SimulatedDatacenter,
    uuid: string,
    serving: Extract<Sight, { kind: 'serves' }>,
    response: ServerResponse,
  ): Promise<Extract<Sight, { kind: 'serves' }> | 'gone'> {
    const { boot } = serving.live.guest;
    this.#working.set(uuid, (this.#working.get(uuid) ?? 0) + 1);
    try {
      let leftCoreMs = workCoreMs;
      let lastMs = datacenter.clock.nowMs();
      for (;;) {
        await pause(lookEveryMs);
        if (response.destroyed || this.#datacenter() !== datacenter) return 'gone';
        const sight = lookFor(datacenter, uuid);
        const nowMs = datacenter.clock.nowMs();
        if (sight.kind === 'nobody') return 'gone';
        if (sight.kind === 'serves') {
          if (sight.live.guest.boot !== boot) return 'gone';
          leftCoreMs -= coresForOne(sight.host, sight.copy, this.#working.get(uuid) ?? 1) * (nowMs - lastMs);
          if (leftCoreMs <= 0) return sight;
        }
        lastMs = nowMs;
      }
    } finally {
      const others = (this.#working.get(uuid) ?? 1) - 1;
      if (others === 0) this.#working.delete(uuid);
      else this.#working.set(uuid, others);
    }
  }
}

function lookFor(datacenter: SimulatedDatacenter, uuid: string): Sight {
  const found = [...datacenter.hosts.values()].flatMap((host) => {
    const copy = host.copies.get(uuid);
    return copy?.live ? [{ host, copy, live: copy.live }] : [];
  });
  const serving = found.filter(
    ({ host, copy, live }) =>
      copy.state === 'running' && !live.isQuitting && datacenter.network.isOpen(users, host.name),
  );
  const [only, ...others] = serving;
  if (!only) return { kind: found.length > 0 ? 'waits' : 'nobody' };
  if (others.length === 0) return { kind: 'serves', ...only };
  // Two copies run: switches send to the one that has announced itself last.
  const last = datacenter.journal.entries.findLast(
    (entry) => entry.kind === 'copy' && entry.copy.uuid === uuid && entry.copy.state === 'running',
  );
  const announced = serving.find(({ host }) => last?.kind === 'copy' && host.name === last.copy.host);
  return { kind: 'serves', ...(announced ?? only) };
}

/**
 * Cores that one of so many pieces of work gets: the host deals its cores out to its VMs by what they want, the guest
 * its own to its load and the work alike.
 */
function coresForOne(host: SimulatedHost, copy: Copy, pieces: number): number {
  const own = host.world.traitsOf(copy.uuid).loadCores;
  const wanted = Math.min(own + pieces, copy.shape?.vcpus ?? 1);
  let wantedByOthers = 0;
  for (const other of host.copies.values()) {
    if (other === copy || other.state !== 'running' || !other.live) continue;
    wantedByOthers += Math.min(host.world.traitsOf(other.uuid).loadCores, other.shape?.vcpus ?? 1);
  }
  const share = Math.min(1, host.spec.cpus / (wanted + wantedByOthers));
  return (wanted * share) / (own + pieces);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
