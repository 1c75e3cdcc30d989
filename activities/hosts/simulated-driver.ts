/** The host driver for `sim://` hosts: the simulated datacenter, spoken to as a hypervisor is. */
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { z } from 'zod';
import { HostReport, VmSight, type VmEvent } from '../../model/inventory.ts';
import { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import {
  parseSimulatedUri,
  type SimulatedMigration,
  type SimulatedOpen,
  type SimulatedRequest,
} from '../../model/simulated.ts';
import { VmDefinition } from '../../model/vm-definition.ts';
import type { HostAddress, HostDriver, HostSession, MigrationOrder, MissingPart } from './driver.ts';
import { HostUnreachable } from './errors.ts';
import { SimulatedConnection } from './simulated-connection.ts';
import type { OnRefusal } from './unknown-refusals.ts';

export interface SimulatedSettings {
  /** A silent host is given up after so long, as `keepaliveSeconds` of the settings says. */
  readonly keepaliveSeconds: number;
  /** The deadline of each call but `migrate`, in milliseconds; default 10,000. */
  readonly callTimeoutMs?: number;
  /** Who asks, as a party of the simulated network; default `worker`. */
  readonly party?: string;
  readonly onRefusal?: OnRefusal;
}

const MissingParts = z.array(
  z.object({ kind: z.enum(['disk', 'network']), name: z.string(), reason: z.string() }),
);
const nothing = z.unknown().transform(() => undefined);

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
      const connection = new SimulatedConnection(
        host.name,
        socket,
        settings.callTimeoutMs ?? 10_000,
        settings.onRefusal,
      );
      const keepaliveMs = settings.keepaliveSeconds * 1000;
      const greeting: SimulatedOpen = { host: uri.host, party: settings.party ?? 'worker', keepaliveMs };
      try {
        await connection.ask('open', greeting, nothing, 'open a session', limitMs);
      } catch (error) {
        connection.close();
        throw error;
      }
      connection.keepAlive(keepaliveMs);
      return new SimulatedSession(host, connection);
    },
  };
}

class SimulatedSession implements HostSession {
  readonly host: string;
  readonly #connection: SimulatedConnection;

  constructor(host: HostAddress, connection: SimulatedConnection) {
    this.host = host.name;
    this.#connection = connection;
  }

  report(): Promise<HostReport> {
    return this.#connection.ask('report', {}, HostReport, 'report what it runs');
  }

  sight(uuid: string): Promise<VmSight> {
    return this.#connection.ask('sight', { uuid }, VmSight, `say where VM ${uuid} is`);
  }

  definition(uuid: string): Promise<VmDefinition> {
    return this.#connection.ask('definition', { uuid }, VmDefinition, `tell the definition of VM ${uuid}`);
  }

  cpu(): Promise<string> {
    return this.#connection.ask('cpu', {}, z.string(), 'tell its CPU');
  }

  /** Simulated hosts all have the same CPU, unless they say that theirs is another. */
  async cpuIncompatibility(_: VmDefinition, sourceCpu: string): Promise<string | undefined> {
    const own = await this.cpu();
    return own === sourceCpu ? undefined : `its CPU is ${own}, not ${sourceCpu}`;
  }

  rehearse(definition: VmDefinition): Promise<readonly MissingPart[]> {
    return this.#connection.ask('rehearse', { definition }, MissingParts, `rehearse ${definition.name}`);
  }

  migrate(uuid: string, order: MigrationOrder): Promise<void> {
    const request: SimulatedMigration = {
      uuid,
      to: order.to.peerUri,
      arrivesPaused: order.arrivesPaused ?? false,
      keepsDefinition: order.keepsDefinition ?? false,
      ...(order.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: order.bandwidthMiBps }),
    };
    return this.#connection.ask('migrate', request, nothing, `move VM ${uuid} to ${order.to.name}`, Infinity);
  }

  async migrationProgress(uuid: string): Promise<MigrationProgress | undefined> {
    const progress = await this.#connection.ask(
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
    return this.#connection.ask(
      'migrationFigures',
      { uuid },
      MoveFigures,
      `report the finished migration of VM ${uuid}`,
    );
  }

  async watch(listener: (event: VmEvent) => void): Promise<void> {
    this.#connection.onEvent(listener);
    await this.#connection.ask('watch', {}, nothing, 'tell its events');
  }

  barrier(): Promise<void> {
    return this.#connection.ask('ping', {}, nothing, 'answer');
  }

  define(definition: VmDefinition): Promise<void> {
    return this.#connection.ask('define', { definition }, nothing, `define ${definition.name}`);
  }

  undefine(uuid: string): Promise<void> {
    return this.#order('undefine', uuid, 'undefine');
  }

  markEpoch(uuid: string, epoch: number): Promise<void> {
    return this.#order('markEpoch', uuid, `write epoch ${epoch} into`, { epoch });
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
    this.#connection.close();
  }

  #order(request: SimulatedRequest, uuid: string, verb: string, more: object = {}): Promise<void> {
    return this.#connection.ask(request, { uuid, ...more }, nothing, `${verb} VM ${uuid}`);
  }
}
