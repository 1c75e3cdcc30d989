/** The host driver for `sim://` hosts: the simulated datacenter, spoken to as a hypervisor is. */
import { connect as connectTcp, type Socket } from 'node:net';
import { once } from 'node:events';
import {
  ConnectionError,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { z } from 'zod';
import { HostReport, VmEvent, VmSight } from '../../model/inventory.ts';
import { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import {
  parseSimulatedUri,
  simulatedEvent,
  simulatedRefusalCode,
  SimulatedRefusal,
  type SimulatedMigration,
  type SimulatedOpen,
  type SimulatedRequest,
} from '../../model/simulated.ts';
import { VmDefinition } from '../../model/vm-definition.ts';
import type { HostAddress, HostDriver, HostSession, MigrationOrder, MissingPart } from './driver.ts';
import { HostRefused, HostUnreachable, HostUnreadable } from './errors.ts';

export interface SimulatedSettings {
  /** A silent host is given up after so long, as `keepaliveSeconds` of the settings says. */
  readonly keepaliveSeconds: number;
  /** The deadline of each call but `migrate`, in milliseconds; default 10,000. */
  readonly callTimeoutMs?: number;
  /** Who asks, as a party of the simulated network; default `worker`. */
  readonly party?: string;
}

const MissingParts = z.array(
  z.object({ kind: z.enum(['disk', 'network']), name: z.string(), reason: z.string() }),
);
const nothing = z.unknown().transform(() => undefined);
/** So much of an answer that can't be read is told. */
const mostQuoted = 80;
/** Pings in one keepalive interval: the last of three that go unanswered is given one more third. */
const pingsPerKeepalive = 4;

export function simulatedDriver(settings: SimulatedSettings): HostDriver {
  return {
    open: async (host, { timeoutMs } = {}) => {
      const uri = parseSimulatedUri(host.uri);
      if (!uri) throw new HostUnreachable(host.name, `open ${host.uri}`, 'it is no sim:// URI');
      const limitMs = timeoutMs ?? settings.callTimeoutMs ?? 10_000;
      const socket = connectTcp({ host: uri.address, port: uri.port, noDelay: true });
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(limitMs) });
      } catch (error) {
        socket.destroy();
        throw new HostUnreachable(host.name, `open ${host.uri}`, error);
      }
      try {
        const session = new SimulatedSession(host, socket, settings);
        await session.greet(
          {
            host: uri.host,
            party: settings.party ?? 'worker',
            keepaliveMs: settings.keepaliveSeconds * 1000,
          },
          limitMs,
        );
        return session;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
  };
}

/** The connection was lost, or an answer did not come in time. */
class NoAnswer extends Error {}

/** What came instead of what was asked for. */
function unlike(error: z.ZodError, answered: unknown): Error {
  const came = (JSON.stringify(answered) ?? 'nothing').slice(0, mostQuoted);
  return new Error(`${z.prettifyError(error)}: ${came}`, { cause: error });
}

class SimulatedSession implements HostSession {
  readonly host: string;
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  readonly #timeoutMs: number;
  readonly #keepaliveMs: number;
  readonly #lost: Promise<never>;
  #lose!: (why: NoAnswer) => void;
  #pings: NodeJS.Timeout | undefined;
  #listener: ((event: VmEvent) => void) | undefined;

  constructor(host: HostAddress, socket: Socket, settings: SimulatedSettings) {
    this.host = host.name;
    this.#socket = socket;
    this.#timeoutMs = settings.callTimeoutMs ?? 10_000;
    this.#keepaliveMs = settings.keepaliveSeconds * 1000;
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    );
    this.#connection.onError(() => undefined);
    this.#connection.onNotification(simulatedEvent, (event: unknown) =>
      this.#listener?.(VmEvent.parse(event)),
    );
    socket.on('error', (error) => this.#lose(new NoAnswer(error.message, { cause: error })));
    socket.on('close', () => this.#lose(new NoAnswer('the connection was closed')));
    this.#connection.listen();
  }

  async greet(open: SimulatedOpen, timeoutMs: number): Promise<void> {
    await this.#ask('open', open, nothing, `open a session`, timeoutMs);
    this.#keepAlive();
  }

  report(): Promise<HostReport> {
    return this.#ask('report', {}, HostReport, 'report what it runs');
  }

  sight(uuid: string): Promise<VmSight> {
    return this.#ask('sight', { uuid }, VmSight, `say where VM ${uuid} is`);
  }

  definition(uuid: string): Promise<VmDefinition> {
    return this.#ask('definition', { uuid }, VmDefinition, `tell the definition of VM ${uuid}`);
  }

  cpu(): Promise<string> {
    return this.#ask('cpu', {}, z.string(), 'tell its CPU');
  }

  /** Simulated hosts all have the same CPU, unless they say that theirs is another. */
  async cpuIncompatibility(_: VmDefinition, sourceCpu: string): Promise<string | undefined> {
    const own = await this.cpu();
    return own === sourceCpu ? undefined : `its CPU is ${own}, not ${sourceCpu}`;
  }

  rehearse(definition: VmDefinition): Promise<readonly MissingPart[]> {
    return this.#ask('rehearse', { definition }, MissingParts, `rehearse ${definition.name}`);
  }

  migrate(uuid: string, order: MigrationOrder): Promise<void> {
    const request: SimulatedMigration = {
      uuid,
      to: order.to.peerUri,
      arrivesPaused: order.arrivesPaused ?? false,
      keepsDefinition: order.keepsDefinition ?? false,
      ...(order.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: order.bandwidthMiBps }),
    };
    return this.#ask('migrate', request, nothing, `move VM ${uuid} to ${order.to.name}`, Infinity);
  }

  async migrationProgress(uuid: string): Promise<MigrationProgress | undefined> {
    const progress = await this.#ask(
      'migrationProgress',
      { uuid },
      MigrationProgress.nullable(),
      `report the migration of VM ${uuid}`,
    );
    return progress ?? undefined;
  }

  setMaxDowntime(uuid: string, downtimeMs: number): Promise<void> {
    return this.#order('setMaxDowntime', uuid, `allow a downtime of ${downtimeMs} ms to`, { downtimeMs });
  }

  abortMigration(uuid: string): Promise<void> {
    return this.#order('abortMigration', uuid, 'abort the migration of');
  }

  migrationFigures(uuid: string): Promise<MoveFigures> {
    return this.#ask(
      'migrationFigures',
      { uuid },
      MoveFigures,
      `report the finished migration of VM ${uuid}`,
    );
  }

  async watch(listener: (event: VmEvent) => void): Promise<void> {
    this.#listener = listener;
    await this.#ask('watch', {}, nothing, 'tell its events');
  }

  define(definition: VmDefinition): Promise<void> {
    return this.#ask('define', { definition }, nothing, `define ${definition.name}`);
  }

  undefine(uuid: string): Promise<void> {
    return this.#order('undefine', uuid, 'undefine');
  }

  start(uuid: string): Promise<void> {
    return this.#order('start', uuid, 'start');
  }

  shutDown(uuid: string): Promise<void> {
    return this.#order('shutDown', uuid, 'shut down');
  }

  destroy(uuid: string): Promise<void> {
    return this.#order('destroy', uuid, 'destroy');
  }

  suspend(uuid: string): Promise<void> {
    return this.#order('suspend', uuid, 'suspend');
  }

  resume(uuid: string): Promise<void> {
    return this.#order('resume', uuid, 'resume');
  }

  quit(uuid: string): Promise<void> {
    return this.#order('quit', uuid, 'quit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pings);
    this.#connection.dispose();
    this.#socket.destroy();
  }

  #order(request: SimulatedRequest, uuid: string, verb: string, more: object = {}): Promise<void> {
    return this.#ask(request, { uuid, ...more }, nothing, `${verb} VM ${uuid}`);
  }

  async #ask<T extends z.ZodType>(
    request: SimulatedRequest,
    parameters: object,
    answer: T,
    tried: string,
    timeoutMs = this.#timeoutMs,
  ): Promise<z.output<T>> {
    const answered = await this.#answerTo(request, parameters, tried, timeoutMs);
    const { data, error } = answer.safeParse(answered);
    if (error) throw new HostUnreadable(this.host, tried, unlike(error, answered));
    return data;
  }

  async #answerTo(
    request: SimulatedRequest,
    parameters: object,
    tried: string,
    timeoutMs: number,
  ): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      if (timeoutMs === Infinity) return;
      timer = setTimeout(() => reject(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race<unknown>([
        this.#connection.sendRequest(request, parameters),
        this.#lost,
        tooLate,
      ]);
    } catch (error) {
      if (error instanceof ResponseError && error.code === simulatedRefusalCode) {
        throw new HostRefused(this.host, tried, SimulatedRefusal.parse(error.data).code, error);
      }
      if (this.#isUnanswered(error)) throw new HostUnreachable(this.host, tried, error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether nothing is known of what the host did; what else fails is a bug of the simulation's, or our own. */
  #isUnanswered(error: unknown): boolean {
    return error instanceof NoAnswer || error instanceof ConnectionError || this.#socket.destroyed;
  }

  /** Gives the connection up when a whole keepalive interval has passed without an answer. */
  #keepAlive(): void {
    let heardMs = performance.now();
    this.#pings = setInterval(() => {
      if (performance.now() - heardMs > this.#keepaliveMs) {
        this.#lose(new NoAnswer(`no sign of life for ${this.#keepaliveMs / 1000} s`));
        this.#socket.destroy();
        return;
      }
      this.#connection.sendRequest('ping', {}).then(
        () => void (heardMs = performance.now()),
        () => undefined,
      );
    }, this.#keepaliveMs / pingsPerKeepalive);
  }
}
