/** `npm start` on the simulated datacenter, as a person without root has it. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const project = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-start-'));
});
afterEach(() => {
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that was started there names the folder: in the settings, the database, the specification. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

test('shows the move on an alert, says that all is simulated and what the real one needs, and leaves nothing', async () => {
  const { exitCode, stdout, stderr } = await execa(
    'npm',
    ['start', '--silent', '--', '--simulated', '--once', '--json', '--folder', folder],
    { cwd: project, reject: false, timeout: 100_000 },
  );
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stderr).toContain('This runs on the simulated datacenter');
  expect(stderr).toContain('needs Debian 12 on amd64 with root');
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number | undefined>;
  expect(figures).toMatchObject({
    datacenter: 'simulated',
    outcome: 'moved',
    vm: 'web1',
    from: 'host1',
    to: 'host2',
    alert: 'alert DroverVmStarved: web1 is short of CPU on host1',
    failed: 0,
    failures: [],
  });
  const measured = ['wholeMs', 'copyMs', 'downtimeMs', 'requests', 'longestGapMs', 'startSeconds'];
  expect(measured.filter((key) => typeof figures[key] !== 'number')).toEqual([]);
  expect(figures['servedAfter']).toBeGreaterThan(figures['servedBefore'] ?? Infinity);
  expect(processesOf(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
}, 120_000);

test('Ctrl-C, pressed twice, takes everything down all the same, and says so', async () => {
  const child = spawn(
    process.execPath,
    [join(project, 'demo/start.ts'), '--simulated', '--once', '--folder', folder],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await vi.waitFor(() => expect(said).toContain('load begins in web1'), { timeout: 60_000 });
  child.kill('SIGINT');
  await vi.waitFor(() => expect(said).toContain('Takes down what was started'));
  child.kill('SIGINT');
  const [exitCode] = await ended;
  expect(exitCode).toBe(130);
  expect(said).toContain('It is being taken down.');
  expect(processesOf(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
}, 120_000);

test('is refused at once where another one runs, and killed in the middle of it leaves nothing running', async () => {
  const child = spawn(
    process.execPath,
    [join(project, 'demo/start.ts'), '--simulated', '--once', '--folder', folder],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await vi.waitFor(() => expect(said).toContain('load begins in web1'), { timeout: 60_000 });
  const started = processesOf(folder).length;
  const second = await execa(process.execPath, [join(project, 'demo/start.ts'), '--folder', folder], {
    reject: false,
    timeout: 4_000,
  });
  expect(second).toMatchObject({ exitCode: 1, timedOut: false });
  expect(second.stderr).toContain(
    `npm start runs already (process ${child.pid}): end it with Ctrl-C there, or with: kill ${child.pid}`,
  );
  expect(processesOf(folder)).toHaveLength(started);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), { timeout: 40_000 });
  // The simulation, drover up, Temporal with the process that keeps it, the worker, the receiver; and the caller.
  expect(started).toBeGreaterThanOrEqual(6);
}, 120_000);
