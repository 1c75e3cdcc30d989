import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { openLibvirt, tcpTransport, type Transport, unixTransport } from './client.ts';
import { LibvirtConnectionLost, LibvirtError, LibvirtTimeout } from './errors.ts';
import { answerOpening, argumentsOf, body, FakeDaemon, hostNameBody, rejection } from './fake-daemon.ts';
import type { Packet } from './packet.ts';
import { procedure } from './procedures.ts';

/** A transport to a fake daemon in memory. */
function inMemory(onCall: (call: Packet, daemon: FakeDaemon) => void): {
  transport: Transport;
  daemon: FakeDaemon;
  clientEnd: Duplex;
} {
  const [clientEnd, daemonEnd] = duplexPair();
  const daemon = new FakeDaemon(daemonEnd, onCall);
  return { transport: { description: 'host1', open: async () => clientEnd }, daemon, clientEnd };
}

function numbers(daemon: FakeDaemon): number[] {
  return daemon.calls.map((call) => call.header.procedure);
}

describe('opening', () => {
  it('authenticates, negotiates keepalive, and opens the driver', async () => {
    const { transport, daemon } = inMemory(answerOpening);
    const client = await openLibvirt(transport);
    const names = ['AUTH_LIST', 'CONNECT_SUPPORTS_FEATURE', 'CONNECT_OPEN'] as const;
    expect(numbers(daemon)).toEqual(names.map((name) => procedure(name).number));
    expect(argumentsOf(daemon.calls[1]).i32('the feature')).toBe(10);
    const open = argumentsOf(daemon.calls[2]);
    expect([open.optionalString('the URI'), open.u32('flags'), open.remaining]).toEqual([
      'qemu:///system',
      0,
      0,
    ]);
    await client.close();
    expect(numbers(daemon).at(-1)).toBe(procedure('CONNECT_CLOSE').number);
    await expect(client.closed).resolves.toMatchObject({ message: 'host1: this side closed the connection' });
  });

  it('opens another driver for reading alone, without keepalive, if asked to', async () => {
    const { transport, daemon } = inMemory(answerOpening);
    await openLibvirt(transport, { uri: 'test:///default', readOnly: true, keepalive: false });
    expect(numbers(daemon)).toEqual([66, 1]);
    const open = argumentsOf(daemon.calls[1]);
    expect([open.optionalString('the URI'), open.u32('flags')]).toEqual(['test:///default', 1]);
  });

  it('pings as it was told to', async () => {
    const { transport, daemon } = inMemory(answerOpening);
    const client = await openLibvirt(transport, { keepalive: { intervalMs: 2, count: 2 } });
    await expect(client.closed).resolves.toMatchObject({
      message: expect.stringMatching(
        /^host1: nothing came for \d+ ms and 2 pings went unanswered$/,
      ) as string,
    });
    expect(daemon.keepalives).toEqual([1, 1]);
  });

  it('asks polkit where the host wants that, and says which authentication it lacks', async () => {
    const offering = (kind: number) =>
      inMemory((call, daemon) => {
        if (call.header.procedure === procedure('AUTH_LIST').number) {
          daemon.reply(
            call,
            body((writer) => writer.array([kind], (value) => writer.i32(value))),
          );
        } else if (call.header.procedure === procedure('AUTH_POLKIT').number) {
          daemon.reply(
            call,
            body((writer) => writer.i32(1)),
          );
        } else {
          answerOpening(call, daemon);
        }
      });
    const polkit = offering(2);
    await openLibvirt(polkit.transport, { keepalive: false });
    expect(numbers(polkit.daemon)).toEqual([66, 70, 1]);
    const sasl = offering(1);
    const error = await rejection(openLibvirt(sasl.transport));
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      codeName: 'AUTH_UNAVAILABLE',
      message: 'host1 demands an authentication that this client lacks (kinds 1; 1 is SASL)',
    });
    expect(sasl.clientEnd.destroyed).toBe(true);
  });

  it('is bounded as a whole, and leaves nothing open', async () => {
    const { transport, clientEnd } = inMemory(() => undefined);
    const error = await rejection(openLibvirt(transport, { timeoutMs: 10 }));
    expect(error).toBeInstanceOf(LibvirtTimeout);
    expect(error).toMatchObject({
      message: 'host1 could not be opened within 10 ms',
      procedure: 'CONNECT_OPEN',
      timeoutMs: 10,
    });
    expect(clientEnd.destroyed).toBe(true);
  });

  it('can be given up', async () => {
    const { transport, clientEnd } = inMemory(() => undefined);
    const reason = new Error('cancelled');
    const giveUp = new AbortController();
    const opening = rejection(openLibvirt(transport, { signal: giveUp.signal }));
    giveUp.abort(reason);
    await expect(opening).resolves.toBe(reason);
    expect(clientEnd.destroyed).toBe(true);
  });

  it('never asks for XML with passwords', async () => {
    const { transport, daemon } = inMemory(answerOpening);
    const client = await openLibvirt(transport);
    const domain = { name: 'web1', uuid: '11111111-0000-4000-8000-000000000001', id: 1 };
    for (const flags of [1, 1 | 2]) {
      expect(await rejection(client.domainXml(domain, flags))).toMatchObject({
        name: 'RangeError',
        message: 'the secure flag is never sent: passwords stay at the host',
      });
    }
    expect(daemon.calls).toHaveLength(3);
  });
});

describe('closing', () => {
  it('sends nothing after the farewell, however long that takes', async () => {
    const limits = { maxAtHost: 2, maxWaiting: 10, maxWaitingBytes: 1_000 };
    const held: Packet[] = [];
    const { transport, daemon } = inMemory((call) => {
      const isHeld = numbers(daemon).length > 2;
      if (isHeld) held.push(call);
      else answerOpening(call, daemon);
    });
    const client = await openLibvirt(transport, { keepalive: false, limits });
    const open = client.hostname();
    const alsoOpen = rejection(client.hostname());
    const waiting = rejection(client.hostname());
    await daemon.received(4);
    const closed = client.close();
    const notSent = {
      name: 'LibvirtConnectionLost',
      message: 'host1: this side closed the connection; CONNECT_GET_HOSTNAME was not sent',
      sent: false,
    };
    expect(await waiting).toMatchObject(notSent);
    daemon.reply(held[0], hostNameBody('web'));
    await expect(open).resolves.toBe('web');
    expect(await rejection(client.hostname())).toMatchObject(notSent);
    await daemon.received(5);
    daemon.reply(held[2]);
    await closed;
    expect(await alsoOpen).toMatchObject({ name: 'LibvirtConnectionLost', sent: true });
    expect(numbers(daemon).slice(2)).toEqual([59, 59, 2]);
  });

  it('may be asked for twice', async () => {
    const { transport } = inMemory(answerOpening);
    const client = await openLibvirt(transport);
    await Promise.all([client.close(), client.close()]);
    await expect(client.closed).resolves.toMatchObject({ name: 'LibvirtConnectionLost' });
  });
});

describe('transports', () => {
  const servers: net.Server[] = [];

  async function listening(onSocket: (socket: Socket) => unknown, path?: string): Promise<net.Server> {
    const server = net.createServer(onSocket);
    servers.push(server);
    await new Promise<void>((ready) => {
      if (path === undefined) server.listen(0, '127.0.0.1', ready);
      else server.listen(path, ready);
    });
    return server;
  }

  function hostnameDaemon(socket: Socket): FakeDaemon {
    return new FakeDaemon(socket, (call, daemon) => {
      if (!answerOpening(call, daemon)) daemon.reply(call, hostNameBody('web'));
    });
  }

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('lead over TCP', async () => {
    const server = await listening(hostnameDaemon);
    const { port } = server.address() as AddressInfo;
    await using client = await openLibvirt(tcpTransport({ host: '127.0.0.1', port }));
    await expect(client.hostname()).resolves.toBe('web');
  });

  it('lead over a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-client-'));
    try {
      await listening(hostnameDaemon, join(folder, 'sock'));
      await using client = await openLibvirt(unixTransport({ path: join(folder, 'sock') }));
      await expect(client.hostname()).resolves.toBe('web');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('that find nobody say so', async () => {
    const server = await listening(() => undefined);
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => {
      server.close(closed);
    });
    const error = await rejection(openLibvirt(tcpTransport({ host: '127.0.0.1', port })));
    expect(error).toBeInstanceOf(LibvirtConnectionLost);
    expect(error).toMatchObject({
      message: `127.0.0.1:${port}: no connection: connect ECONNREFUSED 127.0.0.1:${port}`,
      sent: false,
    });
    const missing = await rejection(openLibvirt(unixTransport({ path: '/nonexistent/libvirt-sock' })));
    expect(missing).toMatchObject({
      name: 'LibvirtConnectionLost',
      message: expect.stringContaining('ENOENT') as string,
    });
  });

  it('that find something else than libvirt say what it said', async () => {
    const server = await listening((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
    const { port } = server.address() as AddressInfo;
    const error = await rejection(openLibvirt(tcpTransport({ host: '127.0.0.1', port })));
    expect(error).toBeInstanceOf(LibvirtConnectionLost);
    expect(error).toMatchObject({
      message: expect.stringContaining('a packet announces a length of 1213486160 bytes') as string,
    });
  });
});
