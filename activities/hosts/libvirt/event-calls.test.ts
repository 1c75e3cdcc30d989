import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connection } from './connection.ts';
import { EventCalls, type LifecycleEvent } from './event-calls.ts';
import {
  argumentsOf,
  ask,
  body,
  errorBody,
  FakeDaemon,
  hostNameBody,
  packetBytes,
  rejection,
} from './fake-daemon.ts';
import { PacketStatus, PacketType } from './packet.ts';

const lifecycle = 318;
const domain = { name: 'web1', uuid: '11111111-0000-4000-8000-000000000001', id: 7 };

function lifecycleBody(callbackId: number, code: number, detailCode: number): Buffer {
  return body((writer) =>
    writer
      .i32(callbackId)
      .string(domain.name)
      .fixedOpaque(Buffer.from(domain.uuid.replaceAll('-', ''), 'hex'))
      .i32(domain.id)
      .i32(code)
      .i32(detailCode),
  );
}

function lifecyclePacket(callbackId: number, code: number, detailCode: number): Buffer {
  const message = lifecycleBody(callbackId, code, detailCode);
  return packetBytes({ procedure: lifecycle, type: PacketType.event, serial: 0, body: message });
}

function callbackIdBody(id: number): Buffer {
  return body((writer) => writer.i32(id));
}

function connect(): { connection: Connection; client: EventCalls; daemon: FakeDaemon } {
  const [clientEnd, daemonEnd] = duplexPair();
  const connection = new Connection(clientEnd, { peer: 'the fake daemon', timeoutMs: 60_000 });
  return { connection, client: new EventCalls(connection), daemon: new FakeDaemon(daemonEnd) };
}

describe('events', () => {
  const seen: string[] = [];
  const note = (event: LifecycleEvent): void => {
    seen.push(`${event.event} ${event.detail}`);
  };

  afterEach(() => {
    seen.length = 0;
    vi.restoreAllMocks();
  });

  it('reach their listener by name and number', async () => {
    const { connection, client, daemon } = connect();
    const events: LifecycleEvent[] = [];
    const subscribed = client.onLifecycle((event) => events.push(event));
    await daemon.received(1);
    const asked = argumentsOf(daemon.calls[0]);
    expect([asked.i32('the event'), asked.bool('whether a domain follows'), asked.remaining]).toEqual([
      0,
      false,
      0,
    ]);
    daemon.reply(daemon.calls[0], callbackIdBody(4));
    await subscribed;
    daemon.event(lifecycle, lifecycleBody(4, 2, 1));
    daemon.event(lifecycle, lifecycleBody(4, 9, 3));
    const barrier = ask(connection);
    await daemon.received(2);
    daemon.reply(daemon.calls[1], hostNameBody('web'));
    await barrier;
    expect(events).toEqual([
      { domain, event: 'Started', detail: 'Migrated', code: 2, detailCode: 1 },
      { domain, event: 'unknown (9)', detail: 'unknown (3)', code: 9, detailCode: 3 },
    ]);
  });

  it('that come before, with and after the answer to the subscription are all delivered, in order', async () => {
    const { client, daemon } = connect();
    const subscribed = client.onLifecycle(note);
    await daemon.received(1);
    const answer = packetBytes({ procedure: 316, body: callbackIdBody(4) });
    daemon.stream.write(
      Buffer.concat([lifecyclePacket(4, 2, 0), lifecyclePacket(9, 5, 0), answer, lifecyclePacket(4, 3, 1)]),
    );
    await subscribed;
    expect(seen).toEqual(['Started Booted', 'Suspended Migrated']);
  });

  it('that the host sent before an answer have been handed over when that call resolves', async () => {
    const { connection, client, daemon } = connect();
    const subscribed = client.onLifecycle(note);
    await daemon.received(1);
    daemon.reply(daemon.calls[0], callbackIdBody(0));
    await subscribed;
    const barrier = ask(connection).then(() => [...seen]);
    await daemon.received(2);
    const answer = packetBytes({ procedure: 59, serial: 2, body: hostNameBody('web') });
    daemon.stream.write(Buffer.concat([lifecyclePacket(0, 4, 1), answer]));
    await expect(barrier).resolves.toEqual(['Resumed Migrated']);
  });

  it('go to each subscription of their own, until it is ended', async () => {
    const { connection, client, daemon } = connect();
    const first = client.onLifecycle(() => seen.push('first'));
    const second = client.onLifecycle(() => seen.push('second'), { domain });
    await daemon.received(2);
    daemon.reply(daemon.calls[1], callbackIdBody(2));
    daemon.reply(daemon.calls[0], callbackIdBody(1));
    const endFirst = await first;
    await second;
    daemon.event(lifecycle, lifecycleBody(1, 0, 0));
    daemon.event(lifecycle, lifecycleBody(2, 0, 0));
    const ended = endFirst();
    await daemon.received(3);
    expect(argumentsOf(daemon.calls[2]).i32('the callback id')).toBe(1);
    daemon.event(lifecycle, lifecycleBody(1, 0, 0));
    daemon.event(lifecycle, lifecycleBody(2, 0, 0));
    daemon.reply(daemon.calls[2]);
    await ended;
    expect(seen).toEqual(['first', 'second', 'second']);
    connection.close();
  });

  it('of a subscription that the host refused are dropped', async () => {
    const { connection, client, daemon } = connect();
    const refused = rejection(client.onLifecycle(note));
    await daemon.received(1);
    daemon.event(lifecycle, lifecycleBody(0, 0, 0));
    daemon.reply(daemon.calls[0], errorBody(3, 'no events here'), PacketStatus.error);
    expect(await refused).toMatchObject({ codeName: 'NO_SUPPORT' });
    daemon.event(lifecycle, lifecycleBody(0, 0, 0));
    const barrier = ask(connection);
    await daemon.received(2);
    daemon.reply(daemon.calls[1], hostNameBody('web'));
    await barrier;
    expect(seen).toEqual([]);
  });

  it('that came before a subscription was refused are not taken for those of a later one', async () => {
    const { connection, client, daemon } = connect();
    const refused = rejection(client.onLifecycle(note));
    await daemon.received(1);
    daemon.event(lifecycle, lifecycleBody(0, 5, 0));
    daemon.reply(daemon.calls[0], errorBody(3, 'no events here'), PacketStatus.error);
    await refused;
    for (let round = 0; round < 1_001; round += 1) daemon.event(lifecycle, lifecycleBody(0, 5, 0));
    const barrier = ask(connection);
    await daemon.received(2);
    daemon.reply(daemon.calls[1], hostNameBody('web'));
    await barrier;
    const subscribed = client.onLifecycle(note);
    await daemon.received(3);
    daemon.event(lifecycle, lifecycleBody(0, 2, 0));
    daemon.reply(daemon.calls[2], callbackIdBody(0));
    await subscribed;
    expect(seen).toEqual(['Started Booted']);
  });

  it('reach a listener no more once it has closed the connection', async () => {
    const { connection, client, daemon } = connect();
    const subscribed = rejection(
      client.onLifecycle((event) => {
        note(event);
        connection.close();
      }),
    );
    await daemon.received(1);
    daemon.reply(daemon.calls[0], callbackIdBody(4));
    daemon.stream.write(Buffer.concat([lifecyclePacket(4, 2, 0), lifecyclePacket(4, 5, 0)]));
    await connection.closed;
    await subscribed.catch(() => undefined);
    expect(seen).toEqual(['Started Booted']);
  });

  it('in a flood before the answer to a subscription end the connection instead of filling the memory', async () => {
    const { connection, client, daemon } = connect();
    const subscribed = rejection(client.onLifecycle(note));
    await daemon.received(1);
    for (let round = 0; round < 1_001; round += 1) daemon.event(lifecycle, lifecycleBody(4, 0, 0));
    const reason = await connection.closed;
    expect(reason.message).toContain('1000 events (36000 bytes) of unknown registrations came');
    expect(await subscribed).toMatchObject({ name: 'LibvirtConnectionLost' });
  });

  it.each([
    ['is cut', lifecycleBody(4, 0, 0).subarray(0, 30), 'an event of procedure 318, byte 28 of 30: '],
    [
      'has a tail',
      Buffer.concat([lifecycleBody(4, 0, 0), Buffer.alloc(4)]),
      '4 bytes follow that should not be there',
    ],
  ])(
    'of which one %s end the connection, because it would be lost otherwise',
    async (_what, message, told) => {
      const { connection, client, daemon } = connect();
      const subscribed = client.onLifecycle(note);
      await daemon.received(1);
      daemon.reply(daemon.calls[0], callbackIdBody(4));
      await subscribed;
      daemon.event(lifecycle, message);
      const reason = await connection.closed;
      expect(reason.message).toContain(told);
      expect(seen).toEqual([]);
    },
  );

  it('of kinds that this client does not know are passed over', async () => {
    const { connection, daemon } = connect();
    const answer = ask(connection);
    await daemon.received(1);
    daemon.event(999, Buffer.alloc(3));
    daemon.reply(daemon.calls[0], hostNameBody('web'));
    await expect(answer).resolves.toBe('web');
  });

  it('whose listener throws do not harm the others', async () => {
    const raised: unknown[] = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) => {
      try {
        run();
      } catch (error) {
        raised.push(error);
      }
    });
    const { client, daemon } = connect();
    const bug = new TypeError('a bug of the listener');
    const subscribed = client.onLifecycle((event) => {
      note(event);
      throw bug;
    });
    await daemon.received(1);
    daemon.stream.write(
      Buffer.concat([
        lifecyclePacket(4, 2, 0),
        packetBytes({ procedure: 316, body: callbackIdBody(4) }),
        lifecyclePacket(4, 5, 0),
      ]),
    );
    await subscribed;
    expect(seen).toEqual(['Started Booted', 'Stopped Shutdown']);
    expect(raised).toEqual([bug, bug]);
  });

  it('of jobs and of migrations carry their figures', async () => {
    const { connection, client, daemon } = connect();
    const events: unknown[] = [];
    const subscribed = Promise.all([
      client.onJobCompleted((event) => events.push(event)),
      client.onMigrationIteration((event) => events.push(event)),
    ]);
    await daemon.received(2);
    const [jobs, iterations] = daemon.calls;
    expect([argumentsOf(jobs).i32('id'), argumentsOf(iterations).i32('id')]).toEqual([21, 20]);
    const head = lifecycleBody(0, 0, 0).subarray(0, -8);
    const figures = body((writer) => writer.u32(1).string('downtime').i32(4).u64(212n));
    daemon.reply(jobs, callbackIdBody(0));
    daemon.reply(iterations, callbackIdBody(0));
    await subscribed;
    daemon.event(363, Buffer.concat([head, figures]));
    daemon.event(359, Buffer.concat([head, body((writer) => writer.i32(3))]));
    const barrier = ask(connection);
    await daemon.received(3);
    daemon.reply(daemon.calls[2], hostNameBody('web'));
    await barrier;
    expect(events).toEqual([
      { domain, parameters: { downtime: 212 } },
      { domain, iteration: 3 },
    ]);
  });
});
