/** What a harness that was killed leaves behind is ended by the next one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, ProcessIdentity, signalProcess } from '../../client/up/process-identity.ts';
import { openOwnFolder } from '../support/own-folder.ts';

const harness = fileURLToPath(new URL('./stand-ins/harness-with-frozen-child.ts', import.meta.url));
let all: string;
beforeEach(() => {
  all = mkdtempSync(join(tmpdir(), 'drover-killed-'));
});
afterEach(() => rmSync(all, { recursive: true, force: true }));

/** Starts a stand-in that has frozen a child of its own. */
async function startHarness(ending: 'waits' | 'exits') {
  const owner = spawn(process.execPath, [harness, all, ending], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(owner, 'exit');
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  return { owner, exited, frozen: ProcessIdentity.parse(JSON.parse(line)) };
}

test('a frozen child of a killed harness, and its folder', async () => {
  const { owner, exited, frozen } = await startHarness('waits');
  try {
    owner.kill('SIGKILL');
    await exited;
    expect(isRunning(frozen)).toBe(true);
    const own = await openOwnFolder('cells', all);
    expect(isRunning(frozen)).toBe(false);
    expect(readdirSync(join(own, '..'))).toEqual([String(process.pid)]);
  } finally {
    signalProcess(frozen, 'SIGKILL');
  }
}, 30_000);

test('a frozen child ends with a harness that ends before it has ended the child', async () => {
  const { owner, exited, frozen } = await startHarness('exits');
  try {
    await exited;
    await expect.poll(() => isRunning(frozen)).toBe(false);
    expect(existsSync(join(all, `drover-test-cells-${process.getuid?.()}`, String(owner.pid)))).toBe(false);
  } finally {
    signalProcess(frozen, 'SIGKILL');
  }
}, 30_000);
