/** What Temporal stores, read as whoever gets hold of its database file would read it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Drover } from '../../../client/drover.ts';
import { readSettings } from '../../../settings/read.ts';
import { replayOpen } from '../../../worker/replay-open.ts';
import { findTemporalBinary } from '../../../worker/temporal-server/binary.ts';
import { secretNetwork, Site } from './site.ts';

const keys = { k1: 'DROVER_TEST_CODEC_KEY_1', k2: 'DROVER_TEST_CODEC_KEY_2' };
let site: Site;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  for (const name of Object.values(keys)) process.env[name] = randomBytes(32).toString('base64');
  site = await Site.open();
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  for (const name of Object.values(keys)) delete process.env[name];
});

/** A move that goes well, and one that a host refuses in its own words. */
async function work(drover: Drover, to: string, reason: string): Promise<{ moved: string; message: string }> {
  const moved = await drover.start('migrateVm', { vm: 'web1', to, reason }, { summary: `asked: ${reason}` });
  await moved.result();
  const refused = await drover.start('migrateVm', { vm: 'web2', to: 'host2', reason });
  const message = await refused.result().then(
    () => 'it moved',
    (error: unknown) => (error as Error).message,
  );
  expect(message).toContain(secretNetwork);
  return { moved: moved.workflowId, message };
}

/** The worker's log tells its reader what failed, in plain words: it is no part of what Temporal stores. */
function storedIn(one: Site, text: string): string[] {
  return one.filesWith(text).filter((file) => file !== 'log/worker.log');
}

test('nothing is hidden where nothing is encrypted, and it stays readable where that is switched on later', async () => {
  const plain = await site.up();
  const before = await work(plain.drover, 'host2', 'canary-plain-81f2');
  await site.down();
  expect(site.filesWith('canary-plain-81f2').join()).toMatch(/temporal\.db/);

  const { drover } = await site.up({ codec: { keys, current: 'k1' } });
  // Records of before go on, and what has ended is read.
  await work(drover, 'host1', 'canary-hidden-2c77');
  expect(await drover.operation(before.moved).result()).toMatchObject({ reason: 'canary-plain-81f2' });
  expect(await drover.operation(before.moved).details()).toMatchObject({
    summary: 'asked: canary-plain-81f2',
  });
  await site.down();
  expect(storedIn(site, 'canary-hidden-2c77')).toEqual([]);
}, 180_000);

test('from the first start on, no word of an input, a page, a record, a host’s refusal or a failure is stored', async () => {
  await using encrypted = await Site.open();
  const { drover } = await encrypted.up({ codec: { keys, current: 'k1' } });
  const { moved } = await work(drover, 'host2', 'canary-hidden-9b04');
  const unknown = await drover.start('migrateVm', { vm: 'web1', to: 'canary-host-3e5a' });
  await expect(unknown.result()).rejects.toThrow(/canary-host-3e5a/);
  // Read back by the client, it is all there.
  expect(await drover.operation(moved).details()).toMatchObject({ summary: 'asked: canary-hidden-9b04' });
  expect((await drover.vmRecord('web1'))?.operations.map(({ outcome }) => outcome)).toContain('moved');
  const replayed = await replayOpen(readSettings(encrypted.settingsFile));
  expect(replayed).toMatchObject({ records: 4, wouldNotGoOn: [] });
  await encrypted.down();
  const hidden = [
    'canary-hidden-9b04',
    'canary-host-3e5a',
    secretNetwork,
    '<domain',
    'Unknown network',
    'at Object.',
  ];
  for (const text of hidden) expect([text, storedIn(encrypted, text)]).toEqual([text, []]);
  // Ids, search attributes and names of activities are plain: that is how operations are found.
  for (const text of ['migrate-vm/web1', 'moveVm', 'binary/encrypted'])
    expect([text, encrypted.filesWith(text).join()]).toEqual([text, expect.stringContaining('temporal.db')]);
}, 180_000);

test('the codec endpoint shows it to Temporal’s own tools, with its token', async () => {
  process.env['DROVER_TEST_CODEC_TOKEN'] = 'canary-token-60de';
  await using encrypted = await Site.open();
  const at = `127.0.0.1:${encrypted.ports.codec}`;
  const endpoint = { listen: at, token: 'DROVER_TEST_CODEC_TOKEN' };
  const { drover } = await encrypted.up({ codec: { keys, current: 'k1', endpoint } });
  const operation = await drover.start('migrateVm', { vm: 'web1', to: 'host2', reason: 'canary-shown-17b3' });
  await operation.result();
  const { path: temporal } = await findTemporalBinary({ report: () => undefined });
  const server = ['--address', `127.0.0.1:${encrypted.ports.temporal}`];
  const show = async (...codec: string[]): Promise<string> => {
    const asked = ['workflow', 'show', '-w', operation.workflowId, '-o', 'json', ...server, ...codec];
    const { stdout, stderr } = await execa(temporal, asked, { reject: false });
    const decoded = [...stdout.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) => atob(data));
    return [...decoded, stderr].join('\n');
  };
  expect(await show()).not.toContain('canary-shown-17b3');
  expect(await show('--codec-endpoint', `http://${at}/canary-token-60de`)).toContain('canary-shown-17b3');
  expect((await fetch(`http://${at}/decode`, { method: 'POST', body: '{"payloads": []}' })).status).toBe(401);
}, 120_000);

test('keys change: the old one still reads, and without it the message names it', async () => {
  const { drover } = await site.up({ codec: { keys, current: 'k2' } });
  await work(drover, 'host2', 'canary-hidden-aa15');
  const [last] = await drover.operations({ vm: 'web1', limit: 1 });
  const { temporal } = readSettings(site.settingsFile);
  const withoutIt = { temporal: { ...temporal, codec: { keys: { k1: keys.k1 }, current: 'k1' } } };
  await using other = await Drover.connect(withoutIt);
  await expect(other.operation(last?.workflowId ?? '').result()).rejects.toThrow(
    /encrypted by the key "k2", which is not in temporal\.codec\.keys \(k1\): add it there/,
  );
  await using without = await Drover.connect({ temporal: { ...temporal, codec: undefined } });
  await expect(without.operation(last?.workflowId ?? '').result()).rejects.toThrow(
    /"k2", which is unknown, since temporal\.codec\.keys is not set/,
  );
  await site.down();
  expect(storedIn(site, 'canary-hidden-aa15')).toEqual([]);
}, 120_000);

test('while a worker lacks a key nothing is lost: what needs it stands still, says which, and goes on when it is back', async () => {
  await using broken = await Site.open();
  const first = await broken.up({ codec: { keys, current: 'k1' } });
  await (await first.drover.start('migrateVm', { vm: 'web1', to: 'host2' })).result();
  await broken.down();

  const { drover } = await broken.up({ codec: { keys: { k2: keys.k2 }, current: 'k2' } });
  const waiting = await drover.start('migrateVm', { vm: 'web1', to: 'host1' });
  const named = /encrypted by the key \\*"k1\\*", which is not in temporal\.codec\.keys \(k2\)/;
  await vi.waitFor(
    () => expect(readFileSync(join(broken.folder, 'state', 'log', 'worker.log'), 'utf8')).toMatch(named),
    { timeout: 30_000 },
  );
  expect((await waiting.look()).isRunning).toBe(true);
  await broken.down();

  const last = await broken.up({ codec: { keys, current: 'k2' } });
  expect(await last.drover.operation(waiting.workflowId).result()).toMatchObject({
    outcome: 'moved',
    to: 'host1',
  });
}, 180_000);
