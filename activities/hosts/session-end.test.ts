/** What a session asks for dies with it: of an order with several steps, none is taken after the session's end. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseDefinition } from './definition.ts';
import type { HostAddress, HostSession } from './driver.ts';
import { HostUnreachable } from './errors.ts';
import { FakeHost, listsWeb1, uuid, type Answer, type Answers } from './fake-host.ts';
import { FakeSimulation } from './fake-simulation.ts';
import { libvirtDriver } from './libvirt-driver.ts';
import { answerOpening, errorBody } from './libvirt/fake-daemon.ts';
import { PacketStatus } from './libvirt/packet.ts';
import { simulatedDriver } from './simulated-driver.ts';

const definition = parseDefinition(`<domain type='qemu'><name>web1</name><uuid>${uuid}</uuid>
  <memory>65536</memory><vcpu>1</vcpu><devices>
    <disk type='file' device='disk'><source file='/var/lib/web1.img'/><target dev='vda' bus='virtio'/></disk>
  </devices></domain>`);

describe('libvirt', () => {
  const hosts: FakeHost[] = [];
  let letLeave = Promise.withResolvers<void>();
  /** Until it is answered, the connection stands. */
  const slowFarewell: Answer = (call, daemon) =>
    void letLeave.promise.then(() => answerOpening(call, daemon));

  async function hostThat(answers: Answers): Promise<{ host: FakeHost; session: HostSession }> {
    const host = await FakeHost.start(answers);
    hosts.push(host);
    return { host, session: await libvirtDriver({ keepaliveSeconds: 60 }).open(host.address) };
  }

  afterEach(async () => {
    letLeave = Promise.withResolvers();
    for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
  });

  test('a rehearsal does not begin when its own connection comes too late', async () => {
    const letOpen = Promise.withResolvers<void>();
    let mayOpen: Promise<void> = Promise.resolve();
    const { host, session } = await hostThat({
      ...listsWeb1,
      AUTH_LIST: (opening, daemon) => void mayOpen.then(() => answerOpening(opening, daemon)),
    });
    mayOpen = letOpen.promise;
    const ordered = session.rehearse(definition).catch((error: unknown) => error);
    await vi.waitUntil(() => host.daemons[1]?.calls.length === 1);
    const left = session[Symbol.asyncDispose]();
    letOpen.resolve();
    await left;
    expect(await ordered).toBeInstanceOf(HostUnreachable);
    await vi.waitUntil(() => host.daemons.every(({ stream }) => stream.readableEnded || stream.destroyed));
    expect(host.count('DOMAIN_CREATE_XML')).toBe(0);
  });

  test.each([
    [
      'a move',
      (session: HostSession, to: HostAddress) => session.migrate(uuid, { to }),
      'DOMAIN_MIGRATE_PERFORM3_PARAMS',
    ],
    ['a start', (session: HostSession) => session.start(uuid), 'DOMAIN_CREATE_WITH_FLAGS'],
    ['an abort', (session: HostSession) => session.abortMigration(uuid), 'DOMAIN_GET_JOB_STATS'],
  ] as const)('%s goes no further than the look for its VM', async (_, order, call) => {
    const looked = Promise.withResolvers<() => void>();
    const late =
      (answer: Answer): Answer =>
      (asked, daemon) =>
        looked.resolve(() => answer(asked, daemon));
    const { host, session } = await hostThat({
      DOMAIN_LOOKUP_BY_UUID: late(listsWeb1.DOMAIN_LOOKUP_BY_UUID),
      CONNECT_LIST_ALL_DOMAINS: late(listsWeb1.CONNECT_LIST_ALL_DOMAINS),
      CONNECT_CLOSE: slowFarewell,
    });
    const ordered = order(session, host.address).catch((error: unknown) => error);
    const answerTheLook = await looked.promise;
    const left = session[Symbol.asyncDispose]();
    await vi.waitUntil(() => host.count('CONNECT_CLOSE') === host.daemons.length);
    answerTheLook();
    expect(await ordered).toBeInstanceOf(HostUnreachable);
    letLeave.resolve();
    await left;
    expect(host.count(call)).toBe(0);
  });

  test('a rehearsal creates no second throw-away VM', async () => {
    const creating = Promise.withResolvers<() => void>();
    const { host, session } = await hostThat({
      DOMAIN_CREATE_XML: (asked, daemon) =>
        creating.resolve(() => daemon.reply(asked, errorBody(1, 'Failed to connect'), PacketStatus.error)),
      CONNECT_CLOSE: slowFarewell,
    });
    const twoParts = parseDefinition(
      definition.xml.replace(
        '</devices>',
        `<interface type='bridge'><source bridge='br0'/></interface></devices>`,
      ),
    );
    const rehearsed = session.rehearse(twoParts).catch((error: unknown) => error);
    const refuse = await creating.promise;
    const left = session[Symbol.asyncDispose]();
    await vi.waitUntil(() => host.count('CONNECT_CLOSE') === 2);
    refuse();
    expect(await rehearsed).toBeInstanceOf(HostUnreachable);
    letLeave.resolve();
    await left;
    expect(host.count('DOMAIN_CREATE_XML')).toBe(1);
  });
});

describe('the simulation', () => {
  test.each([
    ['a move', (session: HostSession, to: HostAddress) => session.migrate(uuid, { to })],
    ['a rehearsal', (session: HostSession) => session.rehearse(definition)],
    ['a start', (session: HostSession) => session.start(uuid)],
  ] as const)('%s does not begin on a session that has ended', async (_, order) => {
    await using host = await FakeSimulation.start(() => null);
    const session = await simulatedDriver({ keepaliveSeconds: 60 }).open(host.address);
    await session[Symbol.asyncDispose]();
    await expect(order(session, host.address)).rejects.toBeInstanceOf(HostUnreachable);
    expect(host.requests).toEqual(['open']);
  });
});
