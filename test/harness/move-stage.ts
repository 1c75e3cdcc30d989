/** The activity `moveVm` alone, on a simulated datacenter, with a record that decides by the real policy. */
import type { MoveContext, MoveVmReport, MoveVmRequest } from '../../activities/move-vm.ts';
import { moveVm } from '../../activities/move-vm.ts';
import { Hosts, type Site } from '../../activities/hosts/hosts.ts';
import type { HostSession } from '../../activities/hosts/driver.ts';
import { HostUnreachable } from '../../activities/hosts/errors.ts';
import { simulatedDriver } from '../../activities/hosts/simulated-driver.ts';
import { attemptLease } from '../../activities/move/attempt-lease.ts';
import { SimulatedServer } from '../../lab/simulated/server.ts';
import { DatacenterSpec } from '../../lab/simulated/spec.ts';
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import type { ConfirmAnswer, ConfirmAttempt, MoveNote, VmRecord } from '../../model/vm-record.ts';
import { confirm } from '../../policies/lease/confirm.ts';
import { newVmRecord } from '../../policies/lease/decision.ts';
import { acquire } from '../../policies/lease/lease.ts';
import { SettingsSchema } from '../../settings/schema.ts';
import { siteOf } from '../../worker/site.ts';

const datacenter = 'dc1';
const workflowId = 'migrate-vm/vm1/test';

/** An attempt of the activity, which a test may end as its worker's death would. */
export interface Attempt {
  readonly end: Promise<MoveVmReport>;
  /** As at its worker's death: its connections end, and it can make no others. */
  readonly die: () => void;
}

export class MoveStage implements AsyncDisposable {
  record: VmRecord;
  readonly server: SimulatedServer;
  readonly epoch: number;
  /** Called before a question of an attempt is answered; what it throws is the answer. */
  beforeConfirm: (question: ConfirmAttempt) => Promise<void> = async () => {};
  readonly #hosts: Hosts;
  #attempts = 0;

  private constructor(server: SimulatedServer, hosts: Hosts) {
    this.server = server;
    this.#hosts = hosts;
    const now = new Date().toISOString();
    const claimant = { workflowId, kind: 'migrateVm', rank: 'person' } as const;
    const { record, answer } = acquire(newVmRecord('vm1', now), { claimant }, now);
    if (answer.kind !== 'granted') throw new Error('a free lease was not granted');
    this.record = record;
    this.epoch = answer.epoch;
  }

  /** Two hosts, and vm1 on the first. */
  static async open(): Promise<MoveStage> {
    const spec = DatacenterSpec.parse({
      hosts: [{ name: 'host1' }, { name: 'host2' }].map((host) => ({ ...host, bandwidthMiBps: 400 })),
      vms: [{ name: 'vm1', host: 'host1', memoryMiB: 256, dirtyMiBps: 20 }],
    });
    const server = await SimulatedServer.start({ spec, rate: 4 });
    const settings = SettingsSchema.parse({
      keepaliveSeconds: 1,
      clusters: {
        main: {
          datacenter,
          hosts: Object.fromEntries(
            spec.hosts.map(({ name }) => [name, { uri: `sim://127.0.0.1:${server.port}/${name}` }]),
          ),
        },
      },
    });
    const site: Site = siteOf(settings);
    return new MoveStage(server, new Hosts(site, simulatedDriver({ keepaliveSeconds: 1 })));
  }

  get uuid(): string {
    for (const { copies } of this.server.datacenter.hosts.values())
      for (const [uuid, { vm }] of copies) if (vm === 'vm1') return uuid;
    throw new Error('nobody has vm1');
  }

  /** `running (booted)`; undefined where the host has nothing of it. */
  stateOn(host: string): string | undefined {
    const copies = this.server.datacenter.hosts.get(host)?.copies.values() ?? [];
    for (const { vm, state, reason } of copies) if (vm === 'vm1') return `${state} (${reason})`;
    return undefined;
  }

  get notes(): readonly MoveNote[] {
    return this.record.lease?.move?.notes ?? [];
  }

  /** A session of somebody else's. */
  session(name: string): Promise<HostSession> {
    const host = this.#hosts.find(name);
    if (!host) throw new Error(`no host ${name}`);
    return this.#hosts.open(host);
  }

  /** Begins an attempt to move vm1 to host2. */
  attempt({
    endNow = false,
    isReset = false,
    earlier,
  }: {
    readonly endNow?: boolean;
    /** The first that Temporal counts of an operation that was reset. */
    readonly isReset?: boolean;
    readonly earlier?: MigrationProgress;
  } = {}): Attempt {
    const number = ++this.#attempts;
    const died = new AbortController();
    const request: MoveVmRequest = {
      vm: { name: 'vm1', uuid: this.uuid },
      datacenter,
      from: 'host1',
      to: 'host2',
      lease: { workflowId, epoch: this.epoch },
      timeoutSeconds: 30,
      ...(endNow ? { endNow } : {}),
    };
    const context: MoveContext = {
      cancelRequested: new AbortController().signal,
      detached: died.signal,
      isFirst: number === 1 || isReset,
      activity: '1',
      lease: attemptLease(
        { confirm: (question) => this.#confirm(question) },
        { vm: 'vm1', workflowId, epoch: this.epoch, attempt: `attempt ${number}` },
      ),
      ...(earlier ? { earlier } : {}),
      progress: () => undefined,
    };
    const hosts = new Hosts(this.#hosts.site, {
      open: async (host, options) => {
        if (died.signal.aborted) throw new HostUnreachable(host.name, 'open', 'the worker is dead');
        const session = await simulatedDriver({ keepaliveSeconds: 1 }).open(host, options);
        // Its connections end with the worker.
        died.signal.addEventListener('abort', () => void session[Symbol.asyncDispose]());
        return session;
      },
    });
    const end = moveVm(hosts, request, context);
    end.catch(() => undefined);
    return { end, die: () => died.abort() };
  }

  /** Returns when the trap of this place has sprung, and what stands there is held until it is let go. */
  async hold(place: Parameters<SimulatedServer['traps']['set']>[0]['place']): Promise<() => void> {
    const id = JSON.stringify(place);
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.server.onSprung((trap) => {
      if (trap.id === id) resolve();
    });
    this.server.traps.set({ id, place, action: { kind: 'hold' } });
    await promise;
    stop();
    return () => this.server.traps.letGo(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }

  async #confirm(question: ConfirmAttempt): Promise<ConfirmAnswer> {
    await this.beforeConfirm(question);
    const { record, answer } = confirm(this.record, question);
    this.record = record;
    return answer;
  }
}
