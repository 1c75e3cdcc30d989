import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadCli } from './download.ts';

let folder: string;
let server: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-download-'));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** A download service on loopback. */
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('the binary is taken out of the archive that the service names for this machine', async () => {
  writeFileSync(join(folder, 'temporal'), '#!/bin/sh\necho it runs\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(folder, 'cli.tar.gz'), '-C', folder, 'temporal']);
  const asked: string[] = [];
  const service = await serve((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/cli.tar.gz') return response.end(readFileSync(join(folder, 'cli.tar.gz')));
    return response.end(JSON.stringify({ archiveUrl: `${service}/cli.tar.gz`, fileToExtract: 'temporal' }));
  });
  const target = join(folder, 'target');
  await downloadCli(target, { report: () => {}, service });
  expect(execFileSync(target, { encoding: 'utf8' })).toBe('it runs\n');
  expect(asked[0]).toMatch(/^\/cli\/v1\.5\.1\?platform=(linux|darwin)&arch=(amd64|arm64)&format=tar.gz$/);
  expect(readdirSync(folder).filter((name) => name.includes('.download-'))).toEqual([]);
});

test('a refusal leaves nothing behind and says who refused what', async () => {
  const service = await serve((_, response) => response.writeHead(404).end());
  await expect(downloadCli(join(folder, 'target'), { report: () => {}, service })).rejects.toThrow(
    /cli\/v1\.5\.1.* answered 404/,
  );
  expect(readdirSync(folder)).toEqual([]);
});
