/** Fence agents as programs: what they are handed, and what comes of how they end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { FenceDevice } from './fence-agent.ts';
import { fenceStatus } from './fence-status.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fence-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An agent that is this shell script; `$folder` is where it may write. */
function agent(script: string): { path: string } {
  writeFileSync(join(folder, 'fence_test'), `#!/bin/sh\nfolder=${folder}\n${script}\n`, { mode: 0o755 });
  return { path: `${folder}:/usr/bin:/bin` };
}
const device = (more: Partial<FenceDevice> = {}): FenceDevice => ({
  agent: 'fence_test',
  options: { ip: '10.0.0.1', ssl: true },
  secrets: () => ({ password: 'top-secret' }),
  ...more,
});

test('it is handed options and secrets on its standard input alone, and asked for its status last', async () => {
  const { path } = agent(
    'cat > $folder/input; tr "\\0" " " < /proc/$$/cmdline > $folder/args; env > $folder/env; exit 0',
  );
  vi.stubEnv('DROVER_OTHER_SECRET', 'of-the-worker');
  expect(await fenceStatus(device(), { path })).toEqual({ power: 'on' });
  vi.unstubAllEnvs();
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  expect(read('input')).toBe('ip=10.0.0.1\nssl=true\npassword=top-secret\naction=status\n');
  expect(read('args') + read('env')).not.toMatch(/top-secret|of-the-worker/);
});

test('its exit code is its answer; any other one is none, with its last line and without secrets', async () => {
  expect(await fenceStatus(device(), agent('exit 2'))).toEqual({ power: 'off' });
  const answer = await fenceStatus(device(), agent('echo first; echo "bad password top-secret" >&2; exit 1'));
  expect(answer).toMatchObject({
    power: 'unknown',
    reason: 'fence_test ended with 1: bad password ***',
    advice: expect.stringContaining('password'),
  });
});

test('one that does not end is stopped', async () => {
  expect(await fenceStatus(device(), { ...agent('exec sleep 60'), timeoutMs: 300 })).toMatchObject({
    power: 'unknown',
    reason: expect.stringContaining('0.3 s'),
  });
});

test('an agent that is not there is told with its package', async () => {
  expect(await fenceStatus(device({ agent: 'fence_never_heard' }), agent('exit 0'))).toMatchObject({
    power: 'unknown',
    reason: expect.stringMatching(/fence-agents;.*fence-agents-never-heard/),
  });
});

test.each([
  [{ options: { action: 'off' } }, 'the action is Drover'],
  [{ options: { Option: 'off' } }, 'the action is Drover'],
  [{ options: { ip: '10.0.0.1\naction=off' } }, 'line break'],
  [{ secrets: () => ({ password: 'x\naction=off' }) }, 'line break'],
  [{ options: { 'a=b': '1' } }, 'is not taken'],
  [
    {
      secrets: () => {
        throw new Error('names the environment variable BMC, which is not set');
      },
    },
    'BMC, which is not set',
  ],
])('%j never reaches the agent', async (more, reason) => {
  const { path } = agent('touch $folder/ran');
  expect(await fenceStatus(device(more), { path })).toMatchObject({
    power: 'unknown',
    reason: expect.stringContaining(reason),
  });
  expect(() => readFileSync(join(folder, 'ran'))).toThrow('ENOENT');
});
