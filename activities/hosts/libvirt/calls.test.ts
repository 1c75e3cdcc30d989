import { describe, expect, it } from 'vitest';
import { ask, connectFake, errorBody, hostNameBody, packetBytes, rejection } from './fake-daemon.ts';
import {
  LibvirtConnectionLost,
  LibvirtError,
  LibvirtOverloaded,
  LibvirtProtocolError,
  LibvirtTimeout,
} from './errors.ts';
import { PacketStatus } from './packet.ts';
import { procedure } from './procedures.ts';

describe('calls', () => {
  it('run at once and get their own answers in any order', async () => {
    const { connection, daemon } = connectFake();
    const answers = Promise.all([ask(connection), ask(connection), ask(connection)]);
    await daemon.received(3);
    daemon.reply(daemon.calls[2], hostNameBody('third'));
    daemon.reply(daemon.calls[0], hostNameBody('first'));
    daemon.reply(daemon.calls[1], hostNameBody('second'));
    await expect(answers).resolves.toEqual(['first', 'second', 'third']);
  });

  it('wait here while four are at the host, so that it goes on reading pings', async () => {
    const { connection, daemon } = connectFake();
    const answers = Array.from({ length: 6 }, () => ask(connection));
    await daemon.received(4);
    daemon.ping();
    await daemon.heard(1);
    expect(daemon.calls).toHaveLength(4);
    daemon.reply(daemon.calls[0], hostNameBody('a'));
    await daemon.received(5);
    daemon.reply(daemon.calls[1], hostNameBody('b'));
    await daemon.received(6);
    for (const call of daemon.calls.slice(2)) daemon.reply(call, hostNameBody('c'));
    await expect(Promise.all(answers)).resolves.toEqual(['a', 'b', 'c', 'c', 'c', 'c']);
  });

  it("reject with libvirt's own error, read whole", async () => {
    const { connection, daemon } = connectFake();
    const refused = rejection(ask(connection));
    await daemon.received(1);
    daemon.reply(daemon.calls[0], errorBody(42, 'Domain not found'), PacketStatus.error);
    const error = await refused;
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      message: 'Domain not found',
      code: 42,
      codeName: 'NO_DOMAIN',
      domain: 10,
      domainName: 'QEMU',
      level: 2,
      procedure: 'CONNECT_GET_HOSTNAME',
    });
  });

  it('end at their deadline, keep their place at the host, and their late answer is ignored', async () => {
    const { connection, daemon } = connectFake({
      limits: { maxAtHost: 1, maxWaiting: 9, maxWaitingBytes: 999 },
    });
    const error = await rejection(ask(connection, { timeoutMs: 5 }));
    expect(error).toBeInstanceOf(LibvirtTimeout);
    expect(error).toMatchObject({
      procedure: 'CONNECT_GET_HOSTNAME',
      timeoutMs: 5,
      sent: true,
      message: 'CONNECT_GET_HOSTNAME on the fake daemon got no answer within 5 ms; it may still take effect',
    });
    const next = ask(connection);
    daemon.ping();
    await daemon.heard(1);
    expect(daemon.calls).toHaveLength(1);
    daemon.reply(daemon.calls[0], hostNameBody('too late'));
    await daemon.received(2);
    daemon.reply(daemon.calls[1], hostNameBody('in time'));
    await expect(next).resolves.toBe('in time');
  });

  it('that time out before they were sent say so, and are never sent', async () => {
    const { connection, daemon } = connectFake({
      limits: { maxAtHost: 1, maxWaiting: 9, maxWaitingBytes: 999 },
    });
    const first = ask(connection);
    const error = await rejection(ask(connection, { timeoutMs: 5 }));
    expect(error).toBeInstanceOf(LibvirtTimeout);
    expect(error).toMatchObject({
      sent: false,
      message:
        'CONNECT_GET_HOSTNAME on the fake daemon could not be sent within 5 ms: ' +
        'the host is still at work on 1 calls (CONNECT_GET_HOSTNAME)',
    });
    await daemon.received(1);
    daemon.reply(daemon.calls[0], hostNameBody('first'));
    await expect(first).resolves.toBe('first');
    const third = ask(connection);
    await daemon.received(2);
    expect(daemon.calls.map((call) => call.header.serial)).toEqual([1, 3]);
    daemon.reply(daemon.calls[1], hostNameBody('third'));
    await expect(third).resolves.toBe('third');
  });

  it('take an answer that has already come before they give up, as after a freeze of this process', async () => {
    const { connection, daemon } = connectFake();
    const answer = ask(connection, { timeoutMs: 20 });
    await daemon.received(1);
    const asked = daemon.calls[0];
    const frozenUntil = performance.now() + 60;
    // Both are due when the freeze ends, and the deadline is the first of them.
    setTimeout(() => daemon.reply(asked, hostNameBody('just in time')), 30);
    while (performance.now() < frozenUntil);
    await expect(answer).resolves.toBe('just in time');
  });

  it('are given up with the reason of their signal', async () => {
    const { connection, daemon } = connectFake();
    const reason = new Error('no longer wanted');
    const giveUp = new AbortController();
    const open = rejection(ask(connection, { signal: giveUp.signal }));
    await daemon.received(1);
    giveUp.abort(reason);
    await expect(open).resolves.toBe(reason);
    await expect(rejection(ask(connection, { signal: giveUp.signal }))).resolves.toBe(reason);
    expect(daemon.calls).toHaveLength(1);
  });

  it('that are bound by no time wait', async () => {
    const { connection, daemon } = connectFake({ timeoutMs: 1 });
    const patient = Promise.all([
      ask(connection, { timeoutMs: Infinity }),
      ask(connection, { timeoutMs: 2 ** 31 }),
    ]);
    await rejection(ask(connection));
    daemon.reply(daemon.calls[0], hostNameBody('at'));
    daemon.reply(daemon.calls[1], hostNameBody('last'));
    await expect(patient).resolves.toEqual(['at', 'last']);
  });

  it('with an unreadable answer reject alone: the connection goes on', async () => {
    const { connection, daemon } = connectFake();
    const broken = rejection(ask(connection));
    const tailed = rejection(ask(connection));
    const odd = rejection(ask(connection));
    await daemon.received(3);
    daemon.reply(daemon.calls[0], Buffer.from([0, 0, 0, 9, 65]));
    daemon.reply(daemon.calls[1], Buffer.concat([hostNameBody('web'), Buffer.alloc(4)]));
    daemon.reply(daemon.calls[2], hostNameBody('web'), 7);
    for (const error of [await broken, await tailed, await odd])
      expect(error).toBeInstanceOf(LibvirtProtocolError);
    await expect(broken).resolves.toMatchObject({
      message:
        'a reply of the fake daemon to CONNECT_GET_HOSTNAME, byte 4 of 5: the host name needs 12 bytes, 1 are left',
    });
    await expect(tailed).resolves.toMatchObject({
      message: expect.stringContaining('4 bytes follow that should not be there') as string,
    });
    await expect(odd).resolves.toMatchObject({
      message: 'the fake daemon answered CONNECT_GET_HOSTNAME with the unknown status 7',
    });
    const next = ask(connection);
    await daemon.received(4);
    daemon.reply(daemon.calls[3], hostNameBody('still here'));
    await expect(next).resolves.toBe('still here');
  });

  it('do not pile up for a peer that never answers', async () => {
    const { connection } = connectFake({ limits: { maxAtHost: 1, maxWaiting: 2, maxWaitingBytes: 1_000 } });
    const open = [ask(connection), ask(connection), ask(connection)].map((call) => rejection(call));
    const refused = await rejection(ask(connection));
    expect(refused).toBeInstanceOf(LibvirtOverloaded);
    expect(refused).toMatchObject({
      message:
        'CONNECT_GET_HOSTNAME on the fake daemon was not sent: 2 calls (56 bytes) wait on this connection already',
    });
    const heavy = connection.call({
      procedure: 'DOMAIN_DEFINE_XML_FLAGS',
      encode: (writer) => writer.string('x'.repeat(2_000)),
      decode: () => undefined,
    });
    expect(await rejection(heavy)).toBeInstanceOf(LibvirtOverloaded);
    connection.close();
    expect(
      (await Promise.all(open)).map((error) => error instanceof LibvirtConnectionLost && error.sent),
    ).toEqual([true, false, false]);
  });

  it('that were given up while they waited leave their room to others', async () => {
    const { connection, daemon } = connectFake({
      limits: { maxAtHost: 1, maxWaiting: 9, maxWaitingBytes: 60 },
    });
    const first = ask(connection);
    for (let round = 0; round < 5; round += 1) {
      const waiting = [ask(connection, { timeoutMs: 1 }), ask(connection, { timeoutMs: 1 })];
      for (const call of waiting) expect(await rejection(call)).toBeInstanceOf(LibvirtTimeout);
    }
    await daemon.received(1);
    daemon.reply(daemon.calls[0], hostNameBody('first'));
    await expect(first).resolves.toBe('first');
  });

  it('whose arguments can not be sent reject and leave nothing behind', async () => {
    const { connection, daemon } = connectFake();
    const call = connection.call({
      procedure: 'DOMAIN_LOOKUP_BY_NAME',
      encode: (writer) => writer.string('web1\0'),
      decode: () => undefined,
    });
    expect(await rejection(call)).toBeInstanceOf(RangeError);
    const next = ask(connection);
    await daemon.received(1);
    expect(daemon.calls[0]?.header).toMatchObject({
      serial: 1,
      procedure: procedure('CONNECT_GET_HOSTNAME').number,
    });
    daemon.stream.write(packetBytes({ procedure: 59, body: hostNameBody('fine') }));
    await expect(next).resolves.toBe('fine');
  });
});
