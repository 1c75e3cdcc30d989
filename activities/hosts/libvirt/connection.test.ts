import { duplexPair } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Connection } from './connection.ts';
import { LibvirtConnectionLost, LibvirtError, LibvirtProtocolError, LibvirtTimeout } from './errors.ts';
import { ask, body, connectFake, FakeDaemon, hostNameBody, packetBytes, rejection } from './fake-daemon.ts';
import { maxPacketBytes, PacketType } from './packet.ts';
import { keepaliveProgram, qemuProgram } from './procedures.ts';

const hostname = 59;

describe('a connection', () => {
  it.each([
    ['a length below the header', packetBytes({ length: 27 }), 'a length of 27 bytes'],
    ['a length above the limit', packetBytes({ length: maxPacketBytes + 1 }), 'a length of 33554437 bytes'],
    [
      'a reply that nobody asked for',
      packetBytes({ procedure: hostname, serial: 77 }),
      'serial 77: no such call is open',
    ],
    [
      'a reply to another call than the one that was made',
      packetBytes({ procedure: 60 }),
      'that serial belongs to CONNECT_GET_HOSTNAME',
    ],
    [
      'a reply of another program',
      packetBytes({ procedure: hostname, program: qemuProgram.number }),
      'that serial belongs to CONNECT_GET_HOSTNAME',
    ],
    ['an unknown program', packetBytes({ program: 0xdead_beef }), 'program 0xdeadbeef'],
    ['an unknown version', packetBytes({ procedure: hostname, version: 2 }), 'version 2: no such program'],
    ['a call', packetBytes({ type: PacketType.call }), 'a call of program'],
    ['a stream packet', packetBytes({ type: PacketType.stream }), 'a stream packet of program'],
    ['an unknown kind of packet', packetBytes({ type: 9 }), 'a packet of type 9'],
    [
      'a ping with a body',
      packetBytes({ program: keepaliveProgram.number, procedure: 1, type: 2, body: Buffer.alloc(4) }),
      'with 4 bytes is no ping and no pong',
    ],
    [
      'an unknown keepalive packet',
      packetBytes({ program: keepaliveProgram.number, procedure: 3, type: 2 }),
      'is no ping and no pong',
    ],
  ])('that gets %s ends, and says what came', async (_what, bytes, message) => {
    const { connection, daemon } = connectFake();
    const open = rejection(ask(connection));
    await daemon.received(1);
    daemon.stream.write(bytes);
    const reason = await connection.closed;
    expect(reason).toBeInstanceOf(LibvirtConnectionLost);
    expect(reason.message).toContain("the fake daemon broke libvirt's protocol: ");
    expect(reason.message).toContain(message);
    expect(reason.cause).toBeInstanceOf(LibvirtProtocolError);
    expect(await open).toMatchObject({ name: 'LibvirtConnectionLost', sent: true, cause: reason });
  });

  it('takes a second reply to the same call for what it is: one that nobody asked for', async () => {
    const { connection, daemon } = connectFake();
    const answer = ask(connection);
    await daemon.received(1);
    daemon.reply(daemon.calls[0], hostNameBody('web'));
    daemon.reply(daemon.calls[0], hostNameBody('evil'));
    await expect(answer).resolves.toBe('web');
    await expect(connection.closed).resolves.toMatchObject({
      message: expect.stringContaining('serial 1: no such call is open') as string,
    });
  });

  it('looks at nothing that follows a packet that broke the protocol', async () => {
    const { connection, daemon } = connectFake();
    const open = rejection(ask(connection));
    await daemon.received(1);
    const good = packetBytes({ procedure: hostname, body: hostNameBody('evil') });
    daemon.stream.write(Buffer.concat([packetBytes({ program: 1 }), good]));
    expect(await open).toBeInstanceOf(LibvirtConnectionLost);
  });

  it('that is cut in the middle of a packet tells every call how much of what had come', async () => {
    const { connection, daemon } = connectFake();
    const open = [ask(connection), ask(connection)].map((call) => rejection(call));
    await daemon.received(2);
    const reply = packetBytes({ procedure: hostname, serial: 2, body: hostNameBody('web-server') });
    daemon.stream.end(reply.subarray(0, 33));
    const told =
      'the fake daemon: the peer closed the connection, with 33 of 44 bytes of a reply of program 0x20008086, ' +
      'procedure 59, serial 2 received; CONNECT_GET_HOSTNAME was sent and may have taken effect';
    expect((await Promise.all(open)).map((error) => (error as Error).message)).toEqual([told, told]);
    expect(await rejection(ask(connection))).toMatchObject({
      message: expect.stringMatching(/CONNECT_GET_HOSTNAME was not sent$/) as string,
      sent: false,
    });
  });

  it('passes on why its stream failed', async () => {
    const [end] = duplexPair();
    const connection = new Connection(end, { peer: 'host1', timeoutMs: 60_000 });
    const failure = new Error('read ECONNRESET');
    end.destroy(failure);
    await expect(connection.closed).resolves.toMatchObject({
      message: 'host1: the connection failed: read ECONNRESET',
      cause: failure,
    });
  });

  it('answers pings, with or without keepalive of its own', async () => {
    const { daemon } = connectFake();
    daemon.ping();
    await daemon.heard(1);
    daemon.ping();
    await daemon.heard(2);
    expect(daemon.keepalives).toEqual([2, 2]);
  });

  it('pings a silent peer and ends when nothing comes', async () => {
    const { connection, daemon } = connectFake();
    const open = rejection(ask(connection));
    connection.startKeepalive({ intervalMs: 2, count: 3 });
    const reason = await connection.closed;
    expect(reason.message).toMatch(/^the fake daemon: nothing came for \d+ ms and 3 pings went unanswered$/);
    expect(daemon.keepalives).toEqual([1, 1, 1]);
    expect(await open).toMatchObject({ sent: true });
  });

  it('holds no more than one pong for a peer that pings and never reads', async () => {
    const [clientEnd, hostile] = duplexPair({ highWaterMark: 64 });
    const connection = new Connection(clientEnd, { peer: 'a hostile peer', timeoutMs: 60_000 });
    const ping = packetBytes({ program: keepaliveProgram.number, procedure: 1, type: 2, serial: 0 });
    for (let round = 0; round < 1_000; round += 1) {
      await new Promise((sent) => {
        hostile.write(ping, sent);
      });
    }
    expect(clientEnd.writableLength).toBeLessThanOrEqual(4 * ping.length);
    connection.close();
  });

  it('sends no more than its stream takes, and goes on when it takes more', async () => {
    const [clientEnd, hostile] = duplexPair({ highWaterMark: 64 });
    const limits = { maxAtHost: 1_000, maxWaiting: 1_000, maxWaitingBytes: 1_000_000 };
    const connection = new Connection(clientEnd, { peer: 'a slow peer', timeoutMs: 60_000, limits });
    const answers = Promise.all(Array.from({ length: 100 }, () => ask(connection)));
    expect(clientEnd.writableLength).toBeLessThanOrEqual(3 * 28);
    const daemon = new FakeDaemon(hostile);
    await daemon.received(100);
    for (const call of daemon.calls) daemon.reply(call, hostNameBody('web'));
    await expect(answers).resolves.toHaveLength(100);
    connection.close();
  });

  it('holds no pile of pings for a peer that never reads', async () => {
    const [clientEnd] = duplexPair({ highWaterMark: 64 });
    const connection = new Connection(clientEnd, { peer: 'a hostile peer', timeoutMs: 60_000 });
    const write = vi.spyOn(clientEnd, 'write');
    connection.startKeepalive({ intervalMs: 1, count: 30 });
    await connection.closed;
    expect(write.mock.calls.length).toBeLessThanOrEqual(10);
  });

  it('is kept by the answers to its pings', async () => {
    const { connection, daemon } = connectFake();
    const ended: Error[] = [];
    void connection.closed.then((reason) => ended.push(reason));
    connection.startKeepalive({ intervalMs: 2, count: 1 });
    for (let pings = 1; pings <= 10; pings += 1) {
      await daemon.heard(pings);
      daemon.stream.write(
        packetBytes({ program: keepaliveProgram.number, procedure: 2, type: 2, serial: 0 }),
      );
    }
    expect(ended).toEqual([]);
    connection.close();
  });

  it('stops sending to a peer that never reads, and its calls end at their deadlines', async () => {
    const [clientEnd, hostile] = duplexPair({ highWaterMark: 64 });
    const connection = new Connection(clientEnd, { peer: 'a hostile peer', timeoutMs: 5 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => rejection(ask(connection))));
    expect(outcomes.every((error) => error instanceof LibvirtTimeout)).toBe(true);
    expect(clientEnd.writableLength).toBeLessThanOrEqual(4 * 28);
    expect(hostile.readableFlowing).toBe(null);
    connection.close();
  });

  it('closed by its owner says so, once', async () => {
    const { connection } = connectFake();
    connection.close();
    connection.close();
    await expect(connection.closed).resolves.toMatchObject({
      message: 'the fake daemon: this side closed the connection',
    });
  });

  it('neither hangs nor throws on random bytes: every call ends in a typed error', async () => {
    const word = fc.oneof(
      fc.constantFrom(0, 1, 2, 28, 44, hostname, 0x2000_8086, 0x6b65_6570),
      fc.nat({ max: 0xffff_ffff }),
    );
    const words = fc.array(word, { maxLength: 24 }).map((list) => {
      return body((writer) => list.map((value) => writer.u32(value)));
    });
    const packet = fc.record({ procedure: fc.constantFrom(hostname, 318, 0), type: fc.nat(3), body: words });
    const hostileBytes = fc.oneof(words, packet.map(packetBytes), fc.uint8Array({ maxLength: 99 }));
    await fc.assert(
      fc.asyncProperty(fc.array(hostileBytes, { maxLength: 5 }), async (chunks) => {
        const [clientEnd, hostile] = duplexPair();
        const connection = new Connection(clientEnd, { peer: 'a hostile peer', timeoutMs: 60_000 });
        const daemon = new FakeDaemon(hostile);
        const outcome = ask(connection).then(
          (answer) => answer,
          (error: unknown) => error,
        );
        await daemon.received(1);
        for (const chunk of chunks) hostile.write(chunk);
        hostile.end();
        expect(await connection.closed).toBeInstanceOf(LibvirtConnectionLost);
        const ended = await outcome;
        const typed = [LibvirtConnectionLost, LibvirtProtocolError, LibvirtError];
        expect(typeof ended === 'string' || typed.some((kind) => ended instanceof kind)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
