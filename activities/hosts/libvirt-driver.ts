/** The host driver for libvirt: Drover's words on one side, libvirt's RPC on the other. */
import type { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import type { HostReport, VmEvent, VmSight } from '../../model/inventory.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { parseDefinition, parseXml } from './definition.ts';
import type {
  HostAddress,
  HostCall,
  HostDriver,
  HostSession,
  MigrationOrder,
  MissingPart,
} from './driver.ts';
import { LibvirtConnectionLost, LibvirtError } from './libvirt/errors.ts';
import {
  JobStatsFlag,
  MigrateFlag,
  openLibvirt,
  transportTo,
  type Credentials,
  type DomainRef,
  type LibvirtClient,
} from './libvirt/client.ts';
import { cpuIncompatibility } from './libvirt-cpu.ts';
import { markEpoch } from './libvirt-epoch.ts';
import { askLibvirt } from './libvirt-errors.ts';
import { vmEventOf } from './libvirt-events.ts';
import { finishedFigures, runningProgress, saysNoJob } from './libvirt-jobs.ts';
import { orLostMonitor } from './libvirt-quit.ts';
import { rehearse } from './libvirt-rehearsal.ts';
import { readReport } from './libvirt-report.ts';
import { vmStateOf } from './libvirt-states.ts';
import type { OnRefusal } from './unknown-refusals.ts';

/** A VM that comes and goes between two questions is looked for so often. */
const mostLooks = 3;

/** How libvirt hosts are spoken to; every host of one site alike. */
export interface LibvirtSettings {
  /** A silent host is given up after about so long; equal to what its libvirtd.conf says. Seconds. */
  readonly keepaliveSeconds: number;
  /** The deadline of each call, in milliseconds; default 10,000. */
  readonly callTimeoutMs?: number;
  /** Where our certificate, key and CA lie; default: where libvirt's own clients have theirs. */
  readonly tls?: Credentials['tls'];
  /** Our ssh key and the known keys of the hosts; default: as ssh itself finds them. */
  readonly ssh?: Credentials['ssh'];
  readonly onRefusal?: OnRefusal;
}

/** The driver for `qemu+tls`, `qemu+ssh`, `qemu+tcp` and `qemu+unix` hosts. */
export function libvirtDriver(settings: LibvirtSettings): HostDriver {
  const timeoutMs = settings.callTimeoutMs ?? 10_000;
  return {
    async open(host, options = {}) {
      const connect = (signal?: AbortSignal): Promise<LibvirtClient> =>
        openLibvirt(transportTo(host.uri, settings), {
          timeoutMs: options.timeoutMs ?? timeoutMs,
          ...(signal ? { signal } : {}),
          // Three pings, and an interval after the last of them.
          keepalive: { intervalMs: Math.ceil((settings.keepaliveSeconds * 1000) / 4), count: 3 },
        });
      const { onRefusal } = settings;
      const asked = { host: host.name, call: 'open', tried: `open ${host.uri}`, onRefusal } as const;
      const client = await askLibvirt(asked, () => connect());
      return new LibvirtSession(host, client, connect, onRefusal);
    },
  };
}

class LibvirtSession implements HostSession {
  readonly host: string;
  readonly #client: LibvirtClient;
  readonly #connect: (signal: AbortSignal) => Promise<LibvirtClient>;
  readonly #onRefusal: OnRefusal | undefined;
  /** Aborted when the session ends: no connection of its own is made from then on, nor kept. */
  readonly #end = new AbortController();
  /** Connections for calls that last: libvirtd runs few calls of one client at once. */
  readonly #extra: LibvirtClient[] = [];

  constructor(
    host: HostAddress,
    client: LibvirtClient,
    connect: (signal: AbortSignal) => Promise<LibvirtClient>,
    onRefusal: OnRefusal | undefined,
  ) {
    this.host = host.name;
    this.#client = client;
    this.#connect = connect;
    this.#onRefusal = onRefusal;
  }

  report(): Promise<HostReport> {
    return this.#ask('report', 'report what it runs', () => readReport(this.#client));
  }

  sight(uuid: string): Promise<VmSight> {
    return this.#ask('sight', `say where VM ${uuid} is`, async () => {
      // A lookup that fails may have failed for other reasons: only a whole listing proves absence.
      for (let looks = 1; ; looks++) {
        const domain = await this.#find(uuid);
        if (!domain) return { kind: 'absent' };
        try {
          return await this.#sightOf(domain);
        } catch (error) {
          // It went, or stopped, between two of the questions: asked again, they agree.
          if (!saysNoJob(error) || looks === mostLooks) throw error;
        }
      }
    });
  }

  definition(uuid: string): Promise<VmDefinition> {
    return this.#ask('definition', `tell the definition of VM ${uuid}`, async () =>
      parseDefinition(await this.#client.domainXml(await this.#client.domainByUuid(uuid))),
    );
  }

  cpu(): Promise<string> {
    return this.#ask('cpu', 'tell its CPU', async () => {
      const capabilities = await this.#client.capabilities();
      // Another host compares it: what can't be read is noticed where it comes from.
      parseXml(capabilities, 'capabilities');
      return capabilities;
    });
  }

  cpuIncompatibility(definition: VmDefinition, sourceCpu: string): Promise<string | undefined> {
    return this.#ask('cpuIncompatibility', `compare the CPU of ${definition.name}`, () =>
      cpuIncompatibility(this.#client, definition, sourceCpu),
    );
  }

  rehearse(definition: VmDefinition): Promise<readonly MissingPart[]> {
    return this.#ask('rehearse', `rehearse ${definition.name}`, async () =>
      rehearse(await this.#extraClient(), definition),
    );
  }

  migrate(uuid: string, order: MigrationOrder): Promise<void> {
    return this.#ask('migrate', `move VM ${uuid} to ${order.to.name}`, async () => {
      const domain = await this.#client.domainByUuid(uuid);
      await this.#client.migrateToUri(domain, {
        destinationUri: order.to.peerUri,
        flags:
          MigrateFlag.live |
          MigrateFlag.peer2peer |
          MigrateFlag.persistDest |
          (order.keepsDefinition ? 0 : MigrateFlag.undefineSource) |
          (order.arrivesPaused ? MigrateFlag.paused : 0),
        parameters: {
          migrate_uri: `tcp://${order.to.migrateTo}`,
          ...(order.bandwidthMiBps === undefined ? {} : { bandwidth: order.bandwidthMiBps }),
        },
      });
    });
  }

  migrationProgress(uuid: string): Promise<MigrationProgress | undefined> {
    return this.#ask('migrationProgress', `report the migration of VM ${uuid}`, async () => {
      const domain = await this.#find(uuid);
      return domain && (await this.#unlessOver(() => this.#progressOf(domain)));
    });
  }

  setMaxDowntime(uuid: string, downtimeMs: number): Promise<void> {
    return this.#ask('setMaxDowntime', `allow VM ${uuid} a downtime of ${downtimeMs} ms`, async () => {
      const domain = await this.#find(uuid);
      if (domain) await this.#unlessOver(() => this.#client.setMaxDowntimeMs(domain, downtimeMs));
    });
  }

  abortMigration(uuid: string): Promise<void> {
    return this.#ask('abortMigration', `abort the migration of VM ${uuid}`, async () => {
      const domain = await this.#find(uuid);
      if (!domain) return;
      await this.#unlessOver(async () => {
        if (await this.#progressOf(domain)) await this.#client.abortJob(domain);
      });
    });
  }

  migrationFigures(uuid: string): Promise<MoveFigures> {
    return this.#ask('migrationFigures', `report the finished migration of VM ${uuid}`, async () => {
      const domain = await this.#find(uuid);
      if (!domain) return {};
      const stats = await this.#client.jobStats(domain, JobStatsFlag.completed | JobStatsFlag.keepCompleted);
      return finishedFigures(stats);
    });
  }

  watch(listener: (event: VmEvent) => void): Promise<void> {
    return this.#ask('watch', 'tell its events', async () => {
      await this.#client.onLifecycle((event) => listener(vmEventOf(event)));
    });
  }

  barrier(): Promise<void> {
    return this.#ask('barrier', 'answer', async () => {
      await this.#client.hostname();
    });
  }

  define(definition: VmDefinition): Promise<void> {
    return this.#ask('define', `define ${definition.name}`, async () => {
      await this.#client.defineDomain(definition.xml);
    });
  }

  undefine(uuid: string): Promise<void> {
    return this.#order('undefine', uuid, (domain) => this.#client.undefineDomain(domain));
  }

  markEpoch(uuid: string, epoch: number): Promise<void> {
    const mark = (domain: DomainRef): Promise<void> => markEpoch(this.#client, domain, epoch);
    return this.#order('markEpoch', uuid, mark, `write epoch ${epoch} into`);
  }

  start(uuid: string): Promise<void> {
    return this.#order('start', uuid, (domain) => this.#client.startDomain(domain));
  }

  shutDown(uuid: string): Promise<void> {
    return this.#order('shutDown', uuid, (domain) => this.#client.shutdownDomain(domain), 'shut down');
  }

  destroy(uuid: string): Promise<void> {
    return this.#order('destroy', uuid, (domain) => this.#client.destroyDomain(domain));
  }

  suspend(uuid: string): Promise<void> {
    return this.#order('suspend', uuid, (domain) => this.#client.suspendDomain(domain));
  }

  resume(uuid: string): Promise<void> {
    return this.#order('resume', uuid, (domain) => this.#client.resumeDomain(domain));
  }

  quit(uuid: string): Promise<void> {
    return this.#order('quit', uuid, (domain) =>
      orLostMonitor(this.#client.qemuMonitorCommand(domain, '{"execute":"quit"}')),
    );
  }

  /** No step of an order is taken from now on: the clients send nothing after their farewell. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new LibvirtConnectionLost(`${this.host}: this side has ended the session`));
    await Promise.all([this.#client, ...this.#extra].map((client) => client.close()));
  }

  async #sightOf(domain: DomainRef): Promise<VmSight> {
    const [{ state, reason }, persistent] = await Promise.all([
      this.#client.domainState(domain),
      this.#client.isPersistent(domain),
    ]);
    const seen = vmStateOf(state, reason);
    // The original is paused for the migration too, for the moment of the switch-over.
    const isOriginal = seen === 'migratingIn' && !(await this.#isReceiving(domain));
    return { kind: 'present', state: isOriginal ? 'paused' : seen, stateReason: reason, persistent };
  }

  async #progressOf(domain: DomainRef): Promise<MigrationProgress | undefined> {
    return runningProgress(await this.#client.jobStats(domain));
  }

  async #unlessOver<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (saysNoJob(error)) return undefined;
      throw error;
    }
  }

  async #isReceiving(domain: DomainRef): Promise<boolean> {
    try {
      // A source whose daemon forgot the job at the switch-over has none, and is the original all the same.
      await this.#client.jobStats(domain);
      return false;
    } catch (error) {
      // "migration statistics are available only on the source host"
      if (error instanceof LibvirtError && error.codeName === 'OPERATION_UNSUPPORTED') return true;
      throw error;
    }
  }

  async #find(uuid: string): Promise<DomainRef | undefined> {
    return (await this.#client.listDomains()).find((domain) => domain.uuid === uuid);
  }

  async #extraClient(): Promise<LibvirtClient> {
    const { signal } = this.#end;
    const client = await this.#connect(signal);
    if (signal.aborted) await client.close();
    signal.throwIfAborted();
    this.#extra.push(client);
    return client;
  }

  #order(
    call: HostCall,
    uuid: string,
    order: (domain: DomainRef) => Promise<unknown>,
    verb: string = call,
  ): Promise<void> {
    return this.#ask(call, `${verb} VM ${uuid}`, async () => {
      await order(await this.#client.domainByUuid(uuid));
    });
  }

  #ask<T>(call: HostCall, tried: string, ask: () => Promise<T>): Promise<T> {
    return askLibvirt({ host: this.host, call, tried, onRefusal: this.#onRefusal }, ask);
  }
}
