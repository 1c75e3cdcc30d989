/** A small herd for tests of the check, whose hosts and records a test changes. */
import type { HostRecord, HostState, LetGoOfHost, ReserveAnswer, ReserveRoom } from '../model/host-record.ts';
import type { HostReport, ReportedVm } from '../model/inventory.ts';
import type { PlannerRule } from '../model/placement.ts';
import { letGo, newHostRecord, reserve, setState, type Decision } from '../policies/room/host-room.ts';
import {
  checkMigration,
  type CheckMigrationAnswer,
  type CheckMigrationRequest,
  type CheckSurroundings,
} from './check-migration.ts';
import { ChosenTargets } from './chosen-targets.ts';
import { CpuComparisons } from './cpu-comparisons.ts';
import type { HostSession, MissingPart } from './hosts/driver.ts';
import { Hosts, type KnownHost } from './hosts/hosts.ts';
import { Looks } from './looks.ts';
import type { HostRecords } from './room-of-check.ts';

const memoryMiB = 1024;
const startOfYear = '2026-01-01T00:00:00.000Z';

export function vm(name: string, state: ReportedVm['state'] = 'running'): ReportedVm {
  return { name, uuid: `uuid-${name}`, state, stateReason: '-', persistent: true, memoryMiB, vcpus: 1 };
}

/** One worker, as its checks are asked for. */
export interface StandInWorker {
  check(name: string, more?: Partial<CheckMigrationRequest>): Promise<CheckMigrationAnswer>;
}

/** Who asks, as operations name themselves. */
export function operationOf(name: string): NonNullable<CheckMigrationRequest['operation']> {
  return { workflowId: `migrate-vm/${name}`, kind: 'migrateVm', rank: 'person' };
}

/** The records of all hosts as they decide, without a workflow around them. */
class StandInRecords implements HostRecords {
  readonly #records = new Map<string, HostRecord>();
  readonly asked = { reserve: 0 };

  async reserve(request: ReserveRoom): Promise<ReserveAnswer> {
    this.asked.reserve++;
    return this.#decide(request.host, (record) => reserve(record, request, startOfYear));
  }

  async letGo(request: LetGoOfHost): Promise<void> {
    this.#decide(request.host, (record) => letGo(record, request));
  }

  async readHost(host: string): Promise<HostRecord | undefined> {
    return this.#records.get(host);
  }

  set(host: string, state: HostState, reason: string): void {
    const by = {
      workflowId: 'maintain-hosts/1',
      kind: 'maintainHosts',
      rank: 'maintenance',
      reason,
    } as const;
    this.#decide(host, (record) => setState(record, { state, by }, startOfYear));
  }

  /** Which VMs have room where. */
  held(): string[] {
    return [...this.#records.values()]
      .flatMap(({ host, reservations }) => reservations.map(({ vm: name }) => `${name} at ${host}`))
      .toSorted();
  }

  #decide<Answer>(host: string, decide: (record: HostRecord) => Decision<Answer>): Answer {
    const { record, answer } = decide(this.#records.get(host) ?? newHostRecord(host, startOfYear));
    this.#records.set(host, record);
    return answer;
  }
}

/** A herd whose hosts a test changes; the clock stands still, so that every look is young. */
export class StandIns {
  readonly running = new Map<string, ReportedVm[]>();
  readonly silent = new Set<string>();
  readonly otherCpu = new Set<string>();
  readonly rules: PlannerRule[] = [];
  /** What a host's rehearsal misses. */
  readonly missing = new Map<string, MissingPart[]>();
  readonly asked = { report: 0, cpu: 0 };
  /** Hosts on which the rehearsal itself fails. */
  readonly breaking = new Set<string>();
  readonly records = new StandInRecords();
  /** Before a record answers, and before a rehearsal: the order in which the checks of one moment go on. */
  turn: () => Promise<void> = () => Promise.resolve();
  readonly #hosts: Hosts;
  readonly #first: StandInWorker;

  /** @param vms by host; each host has room for two */
  constructor(vms: Readonly<Record<string, readonly ReportedVm[]>>) {
    for (const [host, own] of Object.entries(vms)) this.running.set(host, [...own]);
    this.#hosts = new Hosts(
      {
        hosts: Object.keys(vms).map((name): KnownHost => {
          const uri = `sim://127.0.0.1:1/${name}`;
          return {
            address: { name, uri, peerUri: uri, migrateTo: name },
            cluster: 'main',
            datacenter: 'berlin',
            failureDomains: {},
            sharedPaths: [],
          };
        }),
        vms: {},
        rules: this.rules,
        availability: { main: { hostFailuresToTolerate: 1, admission: 'warn' } },
        starved: { hostBusyRatio: 0.9, vmShareOfHost: 0.25 },
        migrations: { perHostIn: 2, perHostOut: 3 },
        keepaliveSeconds: 4,
      },
      { open: async ({ name }) => this.#session(name) },
    );
    this.#first = this.worker();
  }

  /** A worker beside the first: it has looks and promises of its own. */
  worker(): StandInWorker {
    const hosts = this.#hosts;
    const records: HostRecords = {
      reserve: (request) => this.turn().then(() => this.records.reserve(request)),
      letGo: (request) => this.turn().then(() => this.records.letGo(request)),
      readHost: (host) => this.turn().then(() => this.records.readHost(host)),
    };
    const surroundings: CheckSurroundings = {
      hosts,
      looks: new Looks(hosts, () => 0),
      comparisons: new CpuComparisons(hosts, () => 0),
      targets: new ChosenTargets(() => 0),
      records,
    };
    return {
      check: (name, more = {}) =>
        checkMigration(surroundings, { datacenter: 'berlin', vm: name, onlyIfStarved: false, ...more }),
    };
  }

  check(name: string, more: Partial<CheckMigrationRequest> = {}): Promise<CheckMigrationAnswer> {
    return this.#first.check(name, more);
  }

  move(name: string, from: string, to: string): void {
    const leaving = this.running.get(from) ?? [];
    this.running.set(
      from,
      leaving.filter((other) => other.name !== name),
    );
    this.running.get(to)?.push(vm(name));
  }

  #session(name: string): HostSession {
    if (this.silent.has(name)) throw new Error(`${name} does not answer`);
    const report = (): HostReport => ({
      uuid: `uuid-${name}`,
      hypervisor: 'QEMU 7.2.22',
      cpus: 4,
      memoryMiB: 2 * memoryMiB,
      networks: ['br0'],
      vms: structuredClone(this.running.get(name) ?? []),
    });
    const session: Partial<HostSession> = {
      report: async () => {
        this.asked.report++;
        return report();
      },
      definition: async (uuid) => {
        if (report().vms.every((own) => own.uuid !== uuid)) throw new Error(`${name} has no VM ${uuid}`);
        return {
          uuid,
          name: uuid.replace('uuid-', ''),
          memoryMiB,
          vcpus: 1,
          disks: [],
          networks: ['br0'],
          hostDevices: [],
          stateOutside: [],
          hasHiddenPassword: false,
          xml: `<domain type='qemu'/>`,
        };
      },
      cpu: async () => 'EPYC',
      cpuIncompatibility: async () => {
        this.asked.cpu++;
        return this.otherCpu.has(name) ? 'its CPU is another' : undefined;
      },
      migrationProgress: async () => undefined,
      rehearse: async () => {
        await this.turn();
        if (this.breaking.has(name)) throw new Error(`${name} broke off`);
        return this.missing.get(name) ?? [];
      },
      [Symbol.asyncDispose]: async () => {},
    };
    return session as HostSession;
  }
}

/** Where it is, where it would go, and what was found; that it gains nothing is a test of its own. */
export function shown(answer: CheckMigrationAnswer): string {
  if (answer.kind === 'elsewhere') return 'elsewhere';
  const findings = codesOf(answer)
    .filter((code) => code !== 'noGain')
    .join(', ');
  return `${answer.from} -> ${answer.to ?? 'none'}${findings && `: ${findings}`}`;
}

export function codesOf(answer: CheckMigrationAnswer): string[] {
  return answer.kind === 'found' ? answer.findings.map(({ code }) => code) : [];
}
