import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { identityOf, isRunning } from '../../client/up/process-identity.ts';
import { freePorts, UpFolder } from './up-process.ts';

let folder: UpFolder;
beforeEach(async () => {
  folder = new UpFolder(await freePorts());
});
afterEach(() => folder.remove());

describe('a part that dies', () => {
  test('is started again', async () => {
    const up = folder.up('temporal', 'worker');
    const first = await folder.startOf('worker');
    await up.untilPrinted(/up; logs are in/);
    process.kill(first, 'SIGKILL');
    const second = await folder.startOf('worker', 1);
    expect(second).not.toBe(first);
    await up.untilPrinted(/worker was ended by SIGKILL after .* s and is started again in 0\.0 s/);
    expect(folder.events().filter(({ name }) => name === 'temporal')).toHaveLength(1);
  });

  test('again and again is said so with its last lines', async () => {
    const up = folder.up('temporal', 'worker:dies');
    await up.untilPrinted(/worker has failed 3 times in a row .*worker\.log.*it last said/);
    await up.untilPrinted(/up +\|.*worker: the herd has left/);
    expect(readFileSync(join(folder.stateDir, 'log', 'worker.log'), 'utf8')).toContain('the herd has left');
  });
});

describe('the end', () => {
  test.for([
    ['SIGTERM', (up: ReturnType<UpFolder['up']>) => up.kill('SIGTERM')],
    ['Ctrl-C', (up: ReturnType<UpFolder['up']>) => up.pressCtrlC()],
  ] as const)('by %s comes for the worker and the receiver first, then for Temporal', async ([, end]) => {
    const up = folder.up('temporal', 'worker', 'alerts');
    await up.untilPrinted(/up; logs are in/);
    for (const name of ['temporal', 'worker', 'alerts']) await folder.startOf(name);
    end(up);
    expect(await up.exitCode()).toBe(0);
    const ends = folder.events().filter(({ event }) => event !== 'start');
    expect(ends.map(({ event }) => event)).toEqual(['SIGTERM', 'SIGTERM', 'SIGTERM']);
    expect(ends.at(-1)?.name).toBe('temporal');
    expect(readdirSync(join(folder.stateDir, 'run'))).toEqual([]);
  });

  test('is forced by a second signal on a part that does not end', async () => {
    const up = folder.up('temporal', 'worker:deaf');
    const worker = await folder.startOf('worker');
    await up.untilPrinted(/up; logs are in/);
    up.kill('SIGTERM');
    await folder.until((events) =>
      events.find(({ name, event }) => name === 'worker' && event === 'SIGTERM'),
    );
    up.kill('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    expect(up.output).toContain('worker did not end by itself and is killed');
    expect(identityOf(worker)).toBeUndefined();
  });
});

describe('what an earlier start left', () => {
  test('goes on after kill -9 of up, and is ended by the next before it starts anything', async () => {
    const first = folder.up('temporal', 'worker');
    await folder.startOf('temporal');
    const orphan = identityOf(await folder.startOf('worker'));
    await first.untilPrinted(/up; logs are in/);
    first.kill('SIGKILL');
    expect(await first.exitCode()).toBeNull();
    expect(orphan && isRunning(orphan)).toBe(true);

    const second = folder.up('temporal', 'worker');
    await folder.startOf('worker', 1);
    await second.untilPrinted(
      new RegExp(`ending worker \\(process ${orphan?.pid}\\), which an earlier start left running`),
    );
    const order = folder.events().map(({ name, event }) => `${name} ${event}`);
    expect(order.slice(0, 2).toSorted()).toEqual(['temporal start', 'worker start']);
    expect(order.slice(2, 4)).toEqual(['worker SIGTERM', 'temporal SIGTERM']);
    expect(orphan && isRunning(orphan)).toBe(false);
  });

  test('is not what has its number by now', async () => {
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
    await once(bystander, 'spawn');
    onTestFinished(() => void bystander.kill());
    const pid = bystander.pid ?? 0;
    const identity = identityOf(pid);
    const first = folder.up('temporal');
    await folder.startOf('temporal');
    await first.untilPrinted(/up; logs are in/);
    first.kill('SIGTERM');
    await first.exitCode();
    // As if the worker of a crashed start had had this number, a while before the bystander began.
    const note = join(folder.stateDir, 'run', 'worker.json');
    writeFileSync(
      note,
      JSON.stringify({ ...identity, startTicks: (identity?.startTicks ?? 0) - 1, order: 0 }),
    );

    const second = folder.up('temporal');
    await second.untilPrinted(/up; logs are in/);
    expect(second.output).not.toContain('ending worker');
    expect(existsSync(note)).toBe(false);
    expect(identityOf(pid)).toEqual(identity);
  });
});

test('a server of somebody else at the address of its Temporal is left alone, and nothing is started', async () => {
  const foreign = createServer().listen(folder.ports.port, '127.0.0.1');
  await once(foreign, 'listening');
  onTestFinished(() => void foreign.close());
  const up = folder.up('temporal', 'worker');
  expect(await up.exitCode()).toBe(1);
  expect(up.output).toContain(
    `another program listens at 127.0.0.1:${folder.ports.port}, where this Drover's Temporal is to`,
  );
  expect(folder.events()).toEqual([]);
});

test('a second up on the same state folder is refused and says which process has it', async () => {
  const first = folder.up('temporal');
  await first.untilPrinted(/up; logs are in/);
  const second = folder.up('temporal');
  expect(await second.exitCode()).toBe(1);
  expect(second.output).toContain(
    `drover up runs already with the state folder ${folder.stateDir} (process ${first.pid})`,
  );
  expect(folder.events()).toHaveLength(1);
});
