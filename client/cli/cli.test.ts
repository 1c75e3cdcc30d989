import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { exitCodes, exitCodesText } from './exit-codes.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = fileURLToPath(new URL('drover.ts', import.meta.url));

/** Runs the command line as a user does, away from any settings and any Temporal of this machine. */
async function drover(
  ...args: string[]
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
    reject: false,
    cwd: folder,
    extendEnv: false,
    env: { HOME: folder, PATH: process.env['PATH'], NO_COLOR: '1' },
  });
  return { exitCode, stdout, stderr };
}

function settings(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const oneHost =
  'clusters: {berlin: {datacenter: berlin, hosts: {host1: {uri: qemu+tcp://10.77.0.11/system}}}}\n';

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('help', () => {
  test('names every verb and every exit code', async () => {
    const { exitCode, stdout } = await drover('--help');
    expect(exitCode).toBe(0);
    const verbs = 'get describe top explain watch migrate cancel settle up check rules schema completion';
    for (const verb of verbs.split(' ')) expect(stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, 'm'));
    expect(stdout).toContain(exitCodesText);
    expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(exitCodesText);
  });

  test('of a verb lists the formats', async () => {
    const { stdout } = await drover('migrate', '--help');
    expect(stdout).toMatch(/\(choices:\s+"table",\s+"json",\s+"yaml"/);
  });
});

describe('what does without Temporal does not load it', () => {
  // Node resolves each module through this, before the program begins.
  const told = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => {
      if (name.startsWith('@temporalio')) process.stderr.write('loaded ' + name);
      return next(name, context);
    } });`;

  test.each([
    [['--help']],
    [['help', 'migrate']],
    [['schema', 'migrateVm']],
    [['completion', 'bash']],
    [['complete', '--', 'migrate', 'web1', '--']],
    [['migrate', '']],
    [['fly']],
  ])('%j', async (args) => {
    const { stderr } = await drover(...args);
    const traced = await execa(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(told)}`, program, ...args],
      { reject: false, cwd: folder, extendEnv: false, env: { HOME: folder, NO_COLOR: '1' } },
    );
    expect(traced.stderr).toBe(stderr);
  });
});

describe('what was typed wrong ends with exit code 2 and says how it is right', () => {
  test.each([
    ['an unknown verb', ['fly'], "unknown command 'fly'"],
    ['a mistyped verb', ['migrat', 'web1'], '(Did you mean migrate?)'],
    ['an unknown option', ['check', '--fast'], "unknown option '--fast'"],
    ['a mistyped option', ['migrate', 'web1', '--dryrun'], '(Did you mean --dry-run?)'],
    ['a mistyped kind', ['get', 'vmz'], 'did you mean vms?'],
    ['a selector that is none', ['get', 'vms', '-l', 'host>host1'], '"host>host1" is no label'],
    ['a pace that is none', ['top', 'hosts', '--watch', '--every', '0'], 'give 1 to 3600 seconds'],
    ['both ways to wait', ['migrate', 'web1', '--watch', '--detach'], "cannot be used with option '--watch'"],
    ['a shell that is none', ['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
    ['help of an unknown verb', ['help', 'fly'], "'fly' is invalid for argument 'verb'"],
    ['no VM', ['migrate'], "missing required argument 'vm'"],
    ['a fraction for a number', ['migrate', 'web1', '--timeout', '1.5'], 'give a whole number'],
    ['an unknown kind', ['get', 'cows'], 'Allowed choices are hosts, vms, clusters, operations'],
    ['an unknown format', ['get', 'vms', '-o', 'xml'], 'Allowed choices are table, json, yaml'],
    ['an empty VM', ['migrate', ''], 'vm "" is no valid name: use 1 to 63 letters'],
    ['an empty host', ['migrate', 'web1', '--to', ''], '--to "" is no valid name: use 1 to 63 letters'],
    ['a number out of range', ['migrate', 'web1', '--timeout', '1'], '--timeout 1 must be at least 10'],
    ['an empty VM to explain', ['explain', ''], 'vm "" is no valid name'],
    ['an empty operation', ['watch', ''], 'the operation is empty'],
    ['an empty operation to cancel', ['cancel', ' '], 'the operation is empty'],
    ['no VM to settle', ['settle'], "missing required argument 'vm'"],
    ['an impossible VM to settle', ['settle', '13'], 'vm "13" is all digits'],
    ['an empty host to settle on', ['settle', 'web1', '--runs-on', ''], '--runs-on "" is no valid name'],
    ['an unknown kind to describe', ['describe', 'cow', 'web1'], 'Allowed choices are vm, host, operation'],
    ['nothing to describe', ['describe', 'vm'], "missing required argument 'name'"],
    [
      'an unknown schema',
      ['schema', 'fly'],
      'there is no schema fly: migrateVm, settleVm, maintainHosts, settings',
    ],
    ['no maintenance', ['maintain'], "missing required argument 'deed'"],
    ['an unknown deed', ['maintain', 'begin', 'host1'], 'Allowed choices are start, finish, cancel'],
    ['a maintenance of nothing', ['maintain', 'start'], 'which? Name hosts, or give --domain KIND=NAME'],
    [
      'a maintenance of hosts and a domain',
      ['maintain', 'start', 'host1', '--domain', 'switch=sw1'],
      'which? Name hosts, or give --domain KIND=NAME, one of the two',
    ],
    ['a host twice', ['maintain', 'start', 'host1', 'host1'], 'names a host twice'],
    ['half a domain', ['maintain', 'start', '--domain', 'switch'], 'give KIND=NAME, such as switch=sw1'],
    [
      'an operation to start',
      ['maintain', 'start', '--operation', 'x'],
      '--operation is for finish and cancel',
    ],
    ['no settings', ['check'], 'there is no settings file: give --settings FILE or set DROVER_SETTINGS'],
    ['settings that do not exist', ['-s', 'none.yaml', 'check'], "none.yaml: can't be read (ENOENT)"],
  ])('%s', async (_, args, expected) => {
    const { exitCode, stdout, stderr } = await drover(...args);
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(exitCodes.usage);
  });
});

describe('check', () => {
  test('says what good settings hold and which Temporal is used', async () => {
    const file = settings('good.yaml', oneHost);
    const { exitCode, stdout } = await drover('--settings', file, 'check');
    expect(stdout).toContain(`${file}: right. 1 cluster, 1 host.`);
    expect(stdout).toContain('Temporal');
    expect(exitCode).toBe(exitCodes.ok);
  });

  test('is data for programs, also where something is wrong', async () => {
    const good = await drover('-s', settings('good.yaml', oneHost), 'check', '-o', 'json');
    expect(JSON.parse(good.stdout)).toMatchObject({
      problems: [],
      clusters: 1,
      hosts: 1,
      temporal: { kind: 'embedded', address: '127.0.0.1:7233', namespace: 'default' },
    });
    const file = settings('wrong.yaml', `${oneHost}keepalive: 3\n`);
    const wrong = await drover('-s', file, 'check', '-o', 'json');
    expect(JSON.parse(wrong.stdout)).toMatchObject({ file, problems: [{ path: 'keepalive', place: '2:1' }] });
    expect(wrong.exitCode).toBe(exitCodes.usage);
  });

  test('tells every mistake with its place', async () => {
    const file = settings('bad.yaml', `${oneHost}keepalive: 3\nstateDir: state\n`);
    const { exitCode, stderr } = await drover('--settings', file, 'check');
    expect(stderr).toContain("error: the settings can't be used");
    expect(stderr).toContain(`${file}:2:1: keepalive is no key that Drover knows here`);
    expect(stderr).toContain(`${file}:3:1: stateDir "state" must be an absolute path`);
    expect(exitCode).toBe(exitCodes.usage);
  });

  test('never prints control characters of the file', async () => {
    const file = settings('hostile.yaml', `${oneHost}"\\e[2J\\nerror: none": 1\nstateDir: "\\e[31m\\x9b"\n`);
    const { exitCode, stderr } = await drover('--settings', file, 'check');
    expect(stderr).not.toMatch(controls);
    expect(stderr.trim().split('\n')).toHaveLength(3);
    expect(exitCode).toBe(exitCodes.usage);
  });
});

describe('schema', () => {
  test.each(['migrateVm', 'settleVm', 'settings'])('of %s is JSON', async (name) => {
    const { exitCode, stdout } = await drover('schema', name);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', additionalProperties: false });
    expect(exitCode).toBe(exitCodes.ok);
  });

  test('of migrateVm asks for a VM alone, and has an example', async () => {
    const schema = JSON.parse((await drover('schema', 'migrateVm')).stdout) as Record<string, unknown>;
    expect(schema).toMatchObject({ required: ['vm'], examples: [{ vm: 'web1' }, expect.anything()] });
  });
});

test('rules prints the alert', async () => {
  const { stdout } = await drover('--settings', settings('good.yaml', oneHost), 'rules');
  expect(stdout).toContain('alert: DroverVmStarved');
});

test('a secret that is not set keeps nobody from looking, and check tells of it', async () => {
  const port = await freePort();
  const file = settings(
    'secret.yaml',
    `${oneHost}temporal: {embedded: {port: ${port}}}\nalerts: {tokenEnv: DROVER_TOKEN}\n`,
  );
  // Each waits for a Temporal that is not there: all at once.
  const looks = [
    ['get', 'hosts'],
    ['explain', 'web1'],
    ['watch', 'migrate-vm/web1/1'],
  ];
  for (const ended of await Promise.all(looks.map((args) => drover('-s', file, ...args))))
    expect(ended).toMatchObject({ exitCode: exitCodes.unreachable });
  expect(await drover('-s', file, 'rules')).toMatchObject({ exitCode: exitCodes.ok });
  for (const verb of ['check', 'up'])
    expect(await drover('-s', file, verb)).toMatchObject({
      exitCode: exitCodes.usage,
      stderr: expect.stringContaining(
        'alerts.tokenEnv names the environment variable DROVER_TOKEN',
      ) as string,
    });
});

describe.concurrent('without Temporal', () => {
  test.each([
    [['get', 'vms']],
    [['migrate', 'web1']],
    [['explain', 'web1']],
    [['describe', 'vm', 'web1']],
    [['settle', 'web1', '--runs-on', 'host1']],
  ])('%j ends with exit code 4 and how to start it', async (args) => {
    const port = await freePort();
    const file = settings(`down-${port}.yaml`, `${oneHost}temporal: {embedded: {port: ${port}}}\n`);
    const { exitCode, stderr } = await drover('--settings', file, ...args);
    expect(stderr).toMatch(new RegExp(`^error: Temporal at \\S+:${port} does not answer \\(`));
    expect(stderr).toContain(`; start it with: drover -s ${file} up`);
    expect(exitCode).toBe(exitCodes.unreachable);
  });
});
