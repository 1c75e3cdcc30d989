/** A migration that is followed: what is ordered of the source, and with what answer it ends. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConvergenceSettings } from '../../model/convergence.ts';
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { HostSession } from '../hosts/driver.ts';
import { HostRefused } from '../hosts/errors.ts';
import { FakeSimulation } from '../hosts/fake-simulation.ts';
import { simulatedDriver } from '../hosts/simulated-driver.ts';
import type { MoveVmRequest } from '../move-vm.ts';
import { follow, type Followed, type Order, type Surroundings } from './follow.ts';

const request: MoveVmRequest = {
  vm: { name: 'web1', uuid: '11111111-0000-4000-8000-000000000001' },
  datacenter: 'berlin',
  from: 'host1',
  to: 'host2',
  lease: { workflowId: 'migrate-vm/web1/1', epoch: 1 },
  timeoutSeconds: 300,
};
const gibibyte = 1024 ** 3;
/** The second pass and every later one begins with what takes 600 ms. */
const copying = {
  elapsedMs: 0,
  totalBytes: gibibyte,
  processedBytes: gibibyte,
  remainingBytes: 100,
  bytesPerSecond: 100 * 1024 ** 2,
  dirtyBytesPerSecond: 200 * 1024 ** 2,
  expectedDowntimeMs: 600,
};
const never = new Promise<void>(() => undefined);

const refusal = { code: 'OPERATION_ABORTED', text: 'canceled by client', class: 'aborted' } as const;
const abortedByClient = new HostRefused('host1', 'move it', refusal, undefined);
const definition: VmDefinition = {
  ...request.vm,
  memoryMiB: 1024,
  vcpus: 1,
  disks: [],
  networks: [],
  hostDevices: [],
  stateOutside: [],
  hasHiddenPassword: false,
  xml: '<domain/>',
};

/** A source whose migration is in another pass at each look, so many seconds after the one before. */
class Copy {
  readonly orders: [string, unknown][] = [];
  readonly told: MigrationProgress[] = [];
  readonly cancel = new AbortController();
  looks = 0;
  nowMs = 1_000_000;
  /** The migration ends after so many orders to abort it. */
  deafTo = 0;
  isOver = false;
  readonly #everyMs: number;
  readonly #fakes: FakeSimulation[] = [];
  readonly #sessions: HostSession[] = [];

  constructor(everySeconds: number) {
    this.#everyMs = everySeconds * 1000;
  }

  async follow(
    surroundings: Partial<Surroundings>,
    { earlier, ...asked }: Partial<MoveVmRequest> & { earlier?: Partial<MigrationProgress> } = {},
    answer = (): unknown => this.#progress(),
  ): Promise<Followed> {
    const session = await this.open((what, parameters) => {
      if (what === 'migrationProgress') return answer();
      if (what === 'definition') return definition;
      this.orders.push([what, parameters]);
      if (what === 'abortMigration') this.isOver = this.deafTo-- <= 0;
      return null;
    });
    const context = {
      cancelRequested: this.cancel.signal,
      detached: new AbortController().signal,
      isFirst: true,
      activity: '1',
      lease: { epoch: 1, confirm: () => Promise.resolve(undefined) },
      ...(earlier ? { earlier: { ...copying, iteration: 1, ...earlier } } : {}),
      progress: (progress: MigrationProgress) => void this.told.push(progress),
    };
    const around = { order: undefined, ready: never, nowMs: () => this.nowMs, ...surroundings };
    return await follow(session, { ...request, ...asked }, context, around);
  }

  async open(answer: (what: string, parameters: unknown) => unknown): Promise<HostSession> {
    const fake = await FakeSimulation.start(answer);
    this.#fakes.push(fake);
    const session = await simulatedDriver({ keepaliveSeconds: 60 }).open(fake.address);
    this.#sessions.push(session);
    return session;
  }

  async end(): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
    for (const fake of this.#fakes) await fake[Symbol.asyncDispose]();
  }

  #progress(): MigrationProgress | null {
    if (this.isOver) return null;
    this.nowMs += this.#everyMs;
    this.looks++;
    return { ...copying, elapsedMs: this.looks * this.#everyMs, iteration: this.looks };
  }
}

let copy: Copy;
afterEach(() => copy.end());

const named = (name: string): unknown[] =>
  copy.orders.filter(([what]) => what === name).map(([, parameters]) => parameters);

describe('a copy that does not converge', () => {
  test('is allowed a longer halt, and tells it', async () => {
    copy = new Copy(2);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const followed = copy.follow({ ready }, { maxDowntimeMs: 675 });
    await vi.waitUntil(() => copy.told.at(-1)?.allowedDowntimeMs === 675, { timeout: 10_000 });
    resolve();
    expect(await followed).toEqual({ end: 'ready' });
    expect(named('setMaxDowntime')).toEqual([{ uuid: request.vm.uuid, downtimeMs: 675 }]);
    const told = copy.told.map(({ allowedDowntimeMs }) => allowedDowntimeMs);
    expect(told.lastIndexOf(300)).toBeLessThan(told.indexOf(675));
  });

  test('is not allowed more than was asked for, which is said at once, and no more often', async () => {
    copy = new Copy(20);
    await copy.follow({}, { maxDowntimeMs: 100 });
    expect(named('setMaxDowntime')).toEqual([{ uuid: request.vm.uuid, downtimeMs: 100 }]);
  });

  test('is aborted again and again until no job is left, and says against what it was measured', async () => {
    copy = new Copy(20);
    copy.deafTo = 2;
    const { order, end } = ordered();
    const followed = copy.follow({ order }, { maxDowntimeMs: 300, bandwidthMiBps: 100 });
    await vi.waitUntil(() => copy.isOver, { timeout: 10_000 });
    end(abortedByClient);
    expect(await followed).toMatchObject({ end: 'over', aborted: 'noProgress', refusal: { host: 'host1' } });
    expect(named('abortMigration')).toHaveLength(3);
    expect((await followed).cause).toBe(
      'the copy has got no nearer to its end for 60 s (migrations.noProgressAtLongestSeconds, since the longest halt is allowed): the VM would still have to stand still for 600 ms, 300 are allowed at most (maxDowntimeMs); its memory is copied at 100 MiB/s, written at 200 MiB/s; try a maxDowntimeMs of 800, more bandwidthMiBps than 100 or a time at which the VM writes less',
    );
    expect(copy.told.at(-1)?.aborting).toEqual({ kind: 'noProgress', reason: (await followed).cause });
  });

  test('is held to the settings, where the operation says nothing', async () => {
    copy = new Copy(2);
    const settings: Partial<ConvergenceSettings> = { maxDowntimeMs: 200, noProgressSeconds: 7 };
    expect(await copy.follow({ settings })).toMatchObject({ aborted: 'noProgress' });
    expect(named('setMaxDowntime')).toEqual([{ uuid: request.vm.uuid, downtimeMs: 200 }]);
  });
});

describe('of what an earlier attempt began', () => {
  test('the time counts, since it is the copy’s', async () => {
    copy = new Copy(290);
    expect(await copy.follow({})).toMatchObject({ end: 'over', aborted: 'budget' });
    expect(copy.looks).toBe(2);
  });

  test('the halt that was allowed stays', async () => {
    copy = new Copy(2);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const followed = copy.follow({ ready }, { earlier: { allowedDowntimeMs: 675 } });
    await vi.waitUntil(() => copy.orders.length > 0, { timeout: 10_000 });
    resolve();
    await followed;
    expect(named('setMaxDowntime')).toEqual([{ uuid: request.vm.uuid, downtimeMs: 800 }]);
    expect(copy.told[0]?.allowedDowntimeMs).toBe(675);
  });

  test('an abort goes on', async () => {
    copy = new Copy(2);
    const aborting = { kind: 'diskLost', reason: 'host2 can no longer open disk vda: gone' } as const;
    const followed = await copy.follow({}, { earlier: { aborting } });
    expect(followed).toEqual({ end: 'over', aborted: 'diskLost', cause: aborting.reason });
  });

  test('nothing counts for a migration that this attempt has begun', async () => {
    copy = new Copy(2);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const aborting = { kind: 'budget', reason: 'of another' } as const;
    const earlier = { aborting, allowedDowntimeMs: 800 };
    const followed = copy.follow({ ready, order: ordered().order }, { earlier });
    await vi.waitUntil(() => copy.told.length > 1, { timeout: 10_000 });
    resolve();
    expect(await followed).toEqual({ end: 'ready' });
    expect(copy.told[0]?.allowedDowntimeMs).toBe(300);
  });
});

describe('the end is not waited for longer than it takes', () => {
  /** A source that is asked, and does not answer. */
  function silence(): { asked: Promise<void>; silent: () => Promise<never> } {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const silent = (): Promise<never> => {
      resolve();
      return new Promise(() => undefined);
    };
    return { asked, silent };
  }

  test('the VM is ready while the source owes an answer', async () => {
    copy = new Copy(1);
    const { asked, silent } = silence();
    expect(await copy.follow({ ready: asked }, {}, silent)).toEqual({ end: 'ready' });
  });

  test('the order ends while the source owes an answer', async () => {
    copy = new Copy(1);
    const { order, end } = ordered();
    const { asked, silent } = silence();
    const followed = copy.follow({ order }, {}, silent);
    await asked;
    end();
    expect(await followed).toEqual({ end: 'over' });
  });
});

test('a move that is canceled is aborted, and tells nothing but that', async () => {
  copy = new Copy(1);
  copy.cancel.abort();
  const { order, end } = ordered();
  const followed = copy.follow({ order });
  await vi.waitUntil(() => copy.isOver, { timeout: 10_000 });
  end(abortedByClient);
  expect(await followed).toMatchObject({ end: 'over', aborted: 'canceled' });
  expect(copy.told.every(({ aborting }) => aborting === undefined)).toBe(true);
});

test('a disk that the target can no longer open ends the copy', async () => {
  copy = new Copy(0.2);
  const openTarget = (): Promise<HostSession> =>
    copy.open((what) =>
      what === 'rehearse' ? [{ kind: 'disk', name: 'vda', reason: 'Connection refused' }] : null,
    );
  const settings = { diskCheckSeconds: 0.01 };
  const followed = await copy.follow({ openTarget, settings });
  expect(followed).toMatchObject({
    aborted: 'diskLost',
    cause: 'host2 can no longer open disk vda: Connection refused',
  });
});

/** An order that is answered when the test says so. */
function ordered(): { order: Order; end: (refusal?: HostRefused) => void } {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const order: Order = { done };
  return {
    order,
    end: (refusal) => {
      order.ended = refusal ? { refusal } : {};
      resolve();
    },
  };
}
