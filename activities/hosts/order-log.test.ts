import { describe, expect, test } from 'vitest';
import { FakeHost, listsWeb1, uuid, type Answers } from './fake-host.ts';
import { Hosts, type KnownHost, type Site } from './hosts.ts';
import { libvirtDriver } from './libvirt-driver.ts';
import { body, errorBody } from './libvirt/fake-daemon.ts';
import { PacketStatus } from './libvirt/packet.ts';
import type { HostSession } from './driver.ts';
import type { OrderOutcome } from './order-log.ts';

/** Runs orders on a fake libvirt host, and answers what was told of them. */
async function told(
  answers: Answers,
  orders: (session: HostSession) => Promise<unknown>,
): Promise<OrderOutcome[]> {
  const outcomes: OrderOutcome[] = [];
  await using fake = await FakeHost.start({ ...listsWeb1, ...answers });
  const hosts = new Hosts(
    {} as Site,
    libvirtDriver({ keepaliveSeconds: 30, callTimeoutMs: 200 }),
    (outcome) => outcomes.push(outcome),
  );
  await using session = await hosts.open({ address: fake.address } as KnownHost, { epoch: 7 });
  await orders(session).catch(() => undefined);
  return outcomes;
}

const done: NonNullable<Answers['DOMAIN_RESUME']> = (call, daemon) => daemon.reply(call);
const about = { host: 'host1', vm: uuid, epoch: 7, ms: expect.any(Number) as number };

describe('an order is told once, with what came of it', () => {
  test('done', async () => {
    const outcomes = await told({ DOMAIN_RESUME: done }, (session) => session.resume(uuid));
    expect(outcomes).toEqual([{ order: 'resume', ...about, result: 'done' }]);
  });

  test('refused by the host, in its words', async () => {
    const outcomes = await told(
      {
        DOMAIN_DESTROY_FLAGS: (call, daemon) =>
          daemon.reply(call, errorBody(55, 'domain is not running'), PacketStatus.error),
      },
      (session) => session.destroy(uuid),
    );
    expect(outcomes).toEqual([
      {
        order: 'destroy',
        ...about,
        result: 'refused',
        error: expect.stringContaining('domain is not running'),
      },
    ]);
  });

  test('not answered', async () => {
    const outcomes = await told({}, (session) => session.suspend(uuid));
    expect(outcomes).toEqual([
      { order: 'suspend', ...about, result: 'unanswered', error: expect.stringContaining('does not answer') },
    ]);
  });

  test('with where a move goes', async () => {
    const to = { name: 'host2', uri: '', peerUri: 'qemu+tcp://host2/system', migrateTo: 'host2' };
    const outcomes = await told({ DOMAIN_MIGRATE_PERFORM3_PARAMS: done }, (session) =>
      session.migrate(uuid, { to, arrivesPaused: true, bandwidthMiBps: 50 }),
    );
    expect(outcomes).toMatchObject([
      { order: 'migrate', vm: uuid, with: { to: 'host2', arrivesPaused: true, bandwidthMiBps: 50 } },
    ]);
  });
});

test('a question is told of nobody', async () => {
  const hostname: NonNullable<Answers['CONNECT_GET_HOSTNAME']> = (call, daemon) =>
    daemon.reply(
      call,
      body((writer) => writer.string('host1')),
    );
  const asked = async (session: HostSession): Promise<void> => {
    await session.barrier();
    await session.sight(uuid);
  };
  expect(await told({ CONNECT_GET_HOSTNAME: hostname }, asked)).toEqual([]);
});
