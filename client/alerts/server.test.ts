/** Connections that send their request slowly, or never: each ends, and the others are served meanwhile. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { createServerOf, defaultServerLimits } from './server.ts';
import { alert, receiver, token, webhook } from './stand-in-receiver.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Listens with limits of a moment. */
async function listen(limits: Partial<typeof defaultServerLimits>): Promise<number> {
  server = createServerOf(receiver().app, { ...defaultServerLimits, ...limits }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

const post = (port: number) =>
  fetch(`http://127.0.0.1:${port}/alerts`, {
    method: 'POST',
    body: webhook(alert()),
    headers: { authorization: `Bearer ${token}` },
  });

const head = (length: number) =>
  `POST /alerts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${length}\r\n\r\n`;

test('headers that never end are answered 408, and the connection is closed', async () => {
  const port = await listen({ headersMs: 200 });
  const slow = await open(port);
  slow.write('POST /alerts HTTP/1.1\r\nhost: x\r\n');
  const ended = text(slow);
  expect((await post(port)).status).toBe(202);
  expect(await ended).toMatch(/^HTTP\/1\.1 408 /);
});

test('a body that never ends is closed too, and takes no alert', async () => {
  const port = await listen({ headersMs: 200, requestMs: 400 });
  const slow = await open(port);
  slow.write(`${head(1000)}{"version":`);
  const ended = text(slow);
  expect((await post(port)).status).toBe(202);
  expect(await ended).not.toContain('202');
});

test('a connection beyond what it bears is closed at once, and there is room again when others end', async () => {
  const port = await listen({ connections: 2 });
  const held = [await open(port), await open(port)];
  const dropped = await open(port);
  expect(await text(dropped)).toBe('');
  await expect(post(port)).rejects.toThrow('fetch failed');
  for (const one of held) one.destroy();
  await expect.poll(async () => (await post(port).catch(() => undefined))?.status).toBe(202);
});

test('a body without a length, and larger than it may be, is answered 413', async () => {
  const port = await listen({});
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let sent = 0; sent < 32; sent++) controller.enqueue(chunk);
      controller.close();
    },
  });
  const response = await fetch(`http://127.0.0.1:${port}/alerts`, {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(413);
  expect((await post(port)).status).toBe(202);
});
