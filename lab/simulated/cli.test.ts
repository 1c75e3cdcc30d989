/** The command line of the simulated datacenter, with a real process of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning, runningSite, SitePaths } from './record.ts';

const cli = join(import.meta.dirname, 'cli.ts');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-simulated-'));
});
afterAll(async () => {
  await run('down');
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [cli, '--folder', folder, ...args], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

const paths = (): SitePaths => new SitePaths(folder);

describe('without one that runs', () => {
  test.each([['status'], ['verdict'], ['crash', 'host1']])(
    '%s says how to start one, exit code 1',
    async (...args) => {
      const { exitCode, stderr } = await run(...args);
      expect(stderr).toContain(
        `no simulated datacenter runs in ${folder}: start one with npm run simulated -- up`,
      );
      expect(exitCode).toBe(1);
    },
  );

  test.each([
    [
      'a size that is none',
      ['up', '--hosts', 'many'],
      '--hosts many: must be a whole number from 1 to 10000',
    ],
    ['two ways to say what it is made of', ['up', '--hosts', '2', '--spec', 'x'], 'give --spec, or --hosts'],
    ['an unknown command', ['explode'], "unknown command 'explode'"],
    ['a host too few', ['crash'], "missing required argument 'host'"],
  ])('%s is a mistake in use, exit code 2', async (_, args, message) => {
    const { exitCode, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
    expect(runningSite(paths())).toBeUndefined();
  });
});

describe('one that runs', () => {
  test('is started by its size', async () => {
    const { exitCode, stdout } = await run('up', '--hosts', '3', '--vms', '4');
    expect(stdout).toContain('3 hosts, 4 VMs, all of it simulated');
    expect(exitCode).toBe(0);
  });

  test('has written settings for Drover, and says what to try next', async () => {
    const { exitCode, stdout } = await run('up');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('runs already');
    expect(stdout).toContain(`npx drover -s ${folder}/drover.yaml up`);
    const record = runningSite(paths());
    const yaml = readFileSync(paths().droverYaml, 'utf8');
    expect(yaml).toContain(`uri: sim://127.0.0.1:${record?.port}/host3`);
    expect(yaml).toContain(`tokenFile: ${folder}/alert-token`);
    const page = await fetch(`http://127.0.0.1:${record?.webPort}/vm1/`);
    expect(page.status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${record?.monitorPort}/api/v1/alerts`)).status).toBe(200);
  });

  test('is not started again as another', async () => {
    const { exitCode, stderr } = await run('up', '--hosts', '5');
    expect(stderr).toContain('one runs already');
    expect(exitCode).toBe(1);
  });

  test('is whole until a fault, and its status says which', async () => {
    expect((await run('status')).exitCode).toBe(0);
    expect((await run('crash', 'host2')).exitCode).toBe(0);
    const { exitCode, stdout } = await run('status', '-o', 'json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      whole: false,
      hosts: [{ state: 'up' }, { name: 'host2', state: 'dead' }, { state: 'up' }],
    });
    expect((await run('heal', 'host2')).exitCode).toBe(0);
    // VMs do not start by themselves.
    expect((await run('status')).stdout).toMatch(/vm2 +shut off/);
    expect((await run('person', 'start', 'vm2', '--host', 'host2')).exitCode).toBe(0);
    expect((await run('status')).exitCode).toBe(0);
  });

  test('takes faults by words and as JSON', async () => {
    const words: [args: string[], fault: object][] = [
      [['freeze', 'host1'], { kind: 'freezeHost', host: 'host1' }],
      [['cut', 'worker', 'host1'], { kind: 'cutLink', from: 'worker', to: 'host1' }],
      [['bmc', 'host1', 'hangs'], { kind: 'bmc', host: 'host1', fault: 'hangs' }],
      [['migrations', 'vm1', 'losesLastReply'], { kind: 'migration', vm: 'vm1', losesLastReply: true }],
      [['load', 'vm2', 'on'], { kind: 'load', vm: 'vm2', loadCores: 2 }],
      [['load', 'vm1', 'off'], { kind: 'load', vm: 'vm1', loadCores: 0.1 }],
      [['fault', '{"kind":"load","vm":"vm1","dirtyMiBps":9}'], { kind: 'load', vm: 'vm1', dirtyMiBps: 9 }],
      [['heal'], { kind: 'healAll' }],
    ];
    for (const [args] of words) {
      const done = args[0] === 'fault' ? 'fault load: done' : `${args.join(' ')}: done`;
      expect(await run(...args)).toEqual({ exitCode: 0, stdout: done, stderr: '' });
    }
    const { stdout } = await run('journal', '-o', 'json');
    const faults = stdout
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; fault?: string })
      .flatMap(({ fault }) => (fault === undefined ? [] : [JSON.parse(fault) as unknown]));
    expect(faults.slice(-words.length)).toEqual(words.map(([, fault]) => fault));
  });

  test.each([
    ['an unknown host', ['crash', 'host9'], 'no host host9; there are: host1, host2, host3'],
    [
      'a state that no BMC has',
      ['bmc', 'host1', 'bogus'],
      'no state of a BMC bogus; there are: well, dead, hangs, acksOnly, saysOff',
    ],
    [
      'an order that nobody gives',
      ['person', 'dance', 'vm1'],
      'no such order dance; there are: start, shutDown, destroy, suspend, resume, undefine',
    ],
    [
      'a fault of wrong parts',
      ['fault', '{"kind":"load","vm":"vm1","loadCores":-1}'],
      'fault load: loadCores must be at least 0',
    ],
    ['neither on nor off', ['load', 'vm1', 'of'], 'of: must be on or off'],
    ['a fault of no kind', ['fault', '{"kind":"flood"}'], 'has one of these kinds: crashHost, '],
  ])('%s is a mistake in use, exit code 2', async (_, args, message) => {
    const { exitCode, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });

  test('refuses what can’t be, in the host’s words, exit code 1', async () => {
    const { exitCode, stderr } = await run('person', 'start', 'vm1');
    expect(stderr).toContain('domain is already running');
    expect(exitCode).toBe(1);
  });

  test('the verdict is empty while all holds', async () => {
    const { exitCode, stdout } = await run('verdict', '-o', 'json');
    expect(JSON.parse(stdout)).toEqual([]);
    expect(exitCode).toBe(0);
  });

  test('down ends it and leaves nothing', async () => {
    const record = runningSite(paths());
    expect(await run('down')).toMatchObject({ exitCode: 0, stdout: 'The simulated datacenter is down.' });
    expect(record && isRunning(record)).toBe(false);
    await expect(fetch(`http://127.0.0.1:${record?.webPort}/vm1/`)).rejects.toThrow('fetch failed');
    expect(existsSync(folder)).toBe(false);
    expect(await run('down')).toMatchObject({ exitCode: 0, stdout: 'No simulated datacenter ran.' });
  });
});
