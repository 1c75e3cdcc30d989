/** The command line as people use it, on a real Temporal with real workflows; only the hosts' answers are stand-ins. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { defineSearchAttributeKey } from '@temporalio/common';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { exitCodes } from '../../client/cli/exit-codes.ts';
import { answeringHost, silentHost, vmFacts } from '../../client/cli/herd-for-tests.ts';
import type { Finding } from '../../model/migrate-vm.ts';
import { recordWorkflows, searchAttributes, vmRecordId } from '../../model/operations.ts';
import {
  datacenter,
  foundAs,
  moved,
  startStandInWorker,
  until,
  type StandInWorker,
} from '../workflows/stand-in-worker.ts';

const program = join(import.meta.dirname, '../../client/cli/drover.ts');
const mib = 1024 ** 2;

let standIns: StandInWorker;
let folder: string;
let settingsFile: string;
/** What the hosts say; tests change it. */
let hosts = [
  answeringHost('host1', [vmFacts('web1', { cpuBusyCores: 0.5 }), vmFacts('web2', { state: 'paused' })], {
    cpuBusyCores: 1,
  }),
  answeringHost('host2', [], { cpuBusyCores: 3 }),
  silentHost('host3'),
];

beforeAll(async () => {
  standIns = await startStandInWorker();
  standIns.answerWith({ listHosts: async () => ({ hosts }), moveVm: moveUntilReleased });
  folder = mkdtempSync(join(tmpdir(), 'drover-cli-'));
  settingsFile = join(folder, 'drover.yaml');
  const port = Number(inject('temporalAddress').split(':')[1]);
  const uris = ['host1', 'host2', 'host3'].map(
    (name) => `      ${name}: {uri: sim://127.0.0.1:1/${name}, failureDomains: {switch: sw1}}\n`,
  );
  writeFileSync(
    settingsFile,
    `stateDir: ${join(folder, 'state')}\ntemporal: {embedded: {port: ${port}}}\n` +
      `clusters:\n  berlin:\n    datacenter: ${datacenter}\n    hosts:\n${uris.join('')}`,
  );
});
afterAll(async () => {
  await standIns?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const releases = new Map<string, () => void>();

/** A copy that goes on until the test lets it end, or the operation is canceled. */
async function moveUntilReleased({ vm }: { readonly vm: { readonly name: string } }): Promise<typeof moved> {
  const context = Context.current();
  let copied = 0;
  const beat = setInterval(() => {
    copied += mib;
    context.heartbeat({
      elapsedMs: copied / 1000,
      totalBytes: 1000 * mib,
      processedBytes: copied,
      remainingBytes: 1000 * mib - copied,
      bytesPerSecond: 10 * mib,
      dirtyBytesPerSecond: mib,
      iteration: 1,
    });
  }, 100);
  try {
    await new Promise<void>((release, cancel) => {
      releases.set(vm.name, release);
      context.cancelled.catch(cancel);
    });
    return moved;
  } catch {
    return { ...moved, outcome: 'stayed', reason: 'it was canceled', canceled: true };
  } finally {
    clearInterval(beat);
  }
}

type Run = ReturnType<typeof drover>;

function drover(...args: string[]) {
  return execa(process.execPath, [program, '-s', settingsFile, ...args], {
    reject: false,
    extendEnv: false,
    env: { HOME: folder, PATH: process.env['PATH'], NO_COLOR: '1' },
  });
}

/** A move of a VM of this name that has begun to copy. */
async function moving(vm: string, findings: readonly Finding[] = []): Promise<string> {
  standIns.answerWith({
    listHosts: async () => ({ hosts }),
    moveVm: moveUntilReleased,
    checkMigration: async (request) => ({ ...foundAs(request.vm), findings }),
  });
  const { stdout } = await drover('migrate', vm, '--detach', '-o', 'json');
  const { workflowId } = JSON.parse(stdout) as { workflowId: string };
  await until('the copy', async () => (releases.has(vm) ? true : undefined));
  return workflowId;
}

describe('get', () => {
  test('lists what a label selects', async () => {
    const { stdout, stderr } = await drover('get', 'vms', '-l', 'host=host1,state!=paused', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'web1', host: 'host1', cluster: 'berlin' }]);
    expect(stderr).toContain("not asked, they don't answer: host3");
    const silent = await drover('get', 'host', '-l', 'state=unreachable');
    expect(silent.stdout).toMatch(/^host3 +berlin +unreachable +no answer in 5 s$/m);
  });

  test('a label that there is not, and a value that there is not, say what there is', async () => {
    expect(await drover('get', 'vms', '-l', 'hots=host1')).toMatchObject({
      exitCode: exitCodes.usage,
      stderr:
        'error: VMs have no label hots; they have: vm, host, cluster, datacenter, state, switch; did you mean host?',
    });
    const { exitCode, stderr } = await drover('get', 'vms', '-l', 'host=hots1');
    expect(stderr).toContain('none of 2 VMs has host=hots1: host is host1; did you mean host1?');
    expect(exitCode).toBe(exitCodes.ok);
  });

  test('of thousands of VMs reaches its reader whole', async () => {
    const before = hosts;
    hosts = [
      answeringHost(
        'host1',
        Array.from({ length: 3000 }, (_, at) => vmFacts(`many${at}`)),
      ),
    ];
    try {
      expect(JSON.parse((await drover('get', 'vms', '-o', 'json')).stdout)).toHaveLength(3000);
    } finally {
      hosts = before;
    }
  });

  test('clusters sums what its hosts have', async () => {
    const { stdout } = await drover('get', 'clusters');
    expect(stdout).toMatch(/^berlin +dc1 +3 \(1 silent\) +2 +1 +4.00 of 8 +2048 of 16384$/m);
  });

  test('--watch prints the list, and then what changes, until Ctrl-C', async () => {
    const watch = drover('get', 'vms', '-o', 'json', '--watch', '--every', '1');
    const said: { event: string; object: { name: string; state: string } }[] = [];
    const reading = (async () => {
      for await (const line of watch) said.push(JSON.parse(line) as (typeof said)[number]);
    })();
    await until('the list', async () => (said.length === 2 ? true : undefined));
    const before = hosts;
    hosts = [
      answeringHost('host1', [vmFacts('web1', { cpuBusyCores: 0.9, state: 'paused' })]),
      ...hosts.slice(1),
    ];
    try {
      await until('the changes', async () => (said.length === 4 ? true : undefined));
    } finally {
      hosts = before;
    }
    watch.kill('SIGINT');
    expect(await watch).toMatchObject({ exitCode: exitCodes.ok });
    await reading;
    expect(said.slice(0, 4).map(({ event, object: { name, state } }) => [event, name, state])).toEqual([
      ['added', 'web1', 'running'],
      ['added', 'web2', 'paused'],
      ['changed', 'web1', 'paused'],
      ['gone', 'web2', 'paused'],
    ]);
  });
});

describe('top', () => {
  test('shows the busiest first', async () => {
    const { stdout } = await drover('top', 'hosts');
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['HOST', 'host2', 'host1', 'host3']);
    const loads = await drover('top', 'vms', '-o', 'json');
    expect(JSON.parse(loads.stdout)).toMatchObject([
      { vm: 'web1', cpuBusyCores: 0.5, shareOfHost: 0.125 },
      { vm: 'web2' },
    ]);
  });

  test('--watch prints one look after another, each with its time, until Ctrl-C', async () => {
    const watch = drover('top', 'hosts', '--watch', '--every', '1');
    let looks = 0;
    const reading = (async () => {
      for await (const line of watch) if (/^\d{4}-\d\d-\d\dT[\d:]+Z, every 1 s$/.test(line)) looks++;
    })();
    await until('a second look', async () => (looks >= 2 ? true : undefined));
    watch.kill('SIGINT');
    expect(await watch).toMatchObject({ exitCode: exitCodes.ok });
    await reading;
  });
});

describe('an operation that is followed', () => {
  test('goes on after Ctrl-C, which says how to watch on and how to cancel', async () => {
    const workflowId = await moving('detached1');
    const watch = drover('watch', workflowId);
    await until('progress', async () => (progressOf(watch).length > 0 ? true : undefined));
    watch.kill('SIGINT');
    // At once, not when Temporal gives up waiting for the operation's end.
    await until('the end of the command', async () => watch.exitCode ?? undefined);
    const { exitCode, stderr } = await watch;
    expect(exitCode).toBe(exitCodes.interrupted);
    expect((await standIns.drover.operation(workflowId).look()).isRunning).toBe(true);
    const again = `drover -s ${settingsFile}`;
    expect(stderr).toContain(
      `detached: the operation goes on. Watch on with: ${again} watch ${workflowId}\nEnd it with: ${again} cancel ${workflowId}`,
    );
    releases.get('detached1')?.();
    expect(await drover('watch', workflowId, '-o', 'json')).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('"outcome": "moved"') as string,
    });
  });

  test('is told of in lines where there is no terminal, and ends with a report', async () => {
    const workflowId = await moving('told1');
    const watch = drover('watch', workflowId);
    await until('progress', async () => (progressOf(watch).length > 0 ? true : undefined));
    releases.get('told1')?.();
    const { stdout } = await watch;
    expect(progressOf(watch)[0]).toMatch(
      /^host1 to host2 {2}\d+ % {2}10 MiB\/s {2}written 1 MiB\/s {2}rest \d+ MiB, time unknown {2}0 ms down/,
    );
    expect(stdout).toMatch(/^ {2}VM +told1\n {2}source +host1\n {2}target +host2\n {2}duration +\d/m);
  });

  test('fits a terminal, on one line', async () => {
    const workflowId = await moving('terminal1');
    const shell = `stty cols 60; exec ${process.execPath} ${program} -s ${settingsFile} watch ${workflowId}`;
    const watch = execa('script', ['-qec', shell, '/dev/null'], { reject: false, env: { TERM: 'xterm' } });
    let shown = '';
    watch.stdout.on('data', (data: Buffer) => (shown += data.toString()));
    await until('progress', async () => (shown.includes('MiB/s') ? true : undefined));
    releases.get('terminal1')?.();
    expect(await watch).toMatchObject({ exitCode: exitCodes.ok });
    const lines = shown.split('\r\u001b[K').filter((line) => line.includes('MiB/s'));
    expect(lines[0]).toMatch(/^\[#*-+\] {2}\d+ % {2}10 MiB\/s/);
    for (const line of lines) expect(line.length).toBeLessThan(60);
  });

  test('is canceled, and programs read that as data', async () => {
    const workflowId = await moving('canceled1');
    const { exitCode, stdout } = await drover('cancel', workflowId, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ canceled: true, operation: workflowId, type: 'Canceled' });
    expect(exitCode).toBe(exitCodes.ok);
    const watch = await drover('watch', workflowId, '-o', 'json');
    expect(JSON.parse(watch.stdout)).toMatchObject({ operation: workflowId, type: 'Canceled' });
    expect(watch.exitCode).toBe(exitCodes.failed);
  });

  test('is canceled, and people read at once what that waits for', async () => {
    const workflowId = await moving('canceled2');
    const { exitCode, stderr, stdout } = await drover('cancel', workflowId);
    expect(stderr).toContain(`${workflowId} is asked to end: `);
    expect(stdout).toMatch(/^canceled: canceled2 is on host1, where it was/);
    expect(exitCode).toBe(exitCodes.ok);
  });

  test('that nobody knows is answered with the one that was meant', async () => {
    const workflowId = await moving('meant1');
    releases.get('meant1')?.();
    const wrong = workflowId.replace('meant1', 'maent1');
    await until('it is listed', async () =>
      (await standIns.drover.operations({ limit: 500 })).some((one) => one.workflowId === workflowId)
        ? true
        : undefined,
    );
    for (const verb of ['watch', 'cancel']) {
      const { exitCode, stderr } = await drover(verb, wrong);
      expect(stderr).toContain(`no operation is called ${wrong}; did you mean ${workflowId}`);
      expect(exitCode).toBe(exitCodes.usage);
    }
    const { stderr } = await drover('watch', 'meant1');
    expect(stderr).toMatch(
      new RegExp(`meant1 is a VM; its (operation|last operation, which has ended,) is ${workflowId}`),
    );
  });

  test('tells of what the check found while it goes on, and not only at its end', async () => {
    const warning = { severity: 'warning', code: 'noGain', message: 'host2 scores less' } as const;
    const workflowId = await moving('warned1', [warning]);
    const watch = drover('watch', workflowId);
    const line = 'warning: host2 scores less [noGain]';
    let told = '';
    watch.stderr.on('data', (data: Buffer) => (told += data.toString()));
    await until('the warning', async () => (told.includes(line) ? true : undefined));
    expect((await standIns.drover.operation(workflowId).look()).isRunning).toBe(true);
    releases.get('warned1')?.();
    await watch;
    expect(told.split(line)).toHaveLength(2);
  });
});

describe('a maintenance', () => {
  test('is started, seen, refused to another, and finished by its host', async () => {
    standIns.answerWith({ listHosts: async () => ({ hosts }) });
    const started = await drover('maintain', 'start', 'host3', '--reason', 'fans', '--detach', '-o', 'json');
    const { workflowId } = JSON.parse(started.stdout) as { workflowId: string };
    await until('the host to be listed so', async () =>
      (await drover('get', 'hosts', '-l', 'state=maintenance')).stdout.includes('host3') ? true : undefined,
    );
    const second = await drover('maintain', 'start', 'host3');
    expect(second.stderr).toContain(`by ${workflowId}: fans`);
    expect(second.exitCode).toBe(exitCodes.refused);
    const other = await drover('maintain', 'finish', 'host1');
    expect(other.stderr).toContain('no maintenance holds any of these: host1 is active');
    expect(other.exitCode).toBe(exitCodes.usage);
    const described = await drover('describe', 'operation', workflowId);
    expect(described.stdout).toMatch(/step: +held, until finish: 0 of 0 moved/);
    const finished = await drover('maintain', 'finish', 'host3');
    expect(finished.stdout).toContain('host3: emptied, and open again; 0 VMs moved');
    expect(finished.exitCode).toBe(exitCodes.ok);
    const again = await drover('maintain', 'finish', '--operation', workflowId);
    expect(again.stderr).toContain('has ended (COMPLETED)');
  });

  test('is canceled as any operation is, and ends well', async () => {
    const started = await drover('maintain', 'start', 'host3', '--detach', '-o', 'json');
    const { workflowId } = JSON.parse(started.stdout) as { workflowId: string };
    const { stdout, exitCode } = await drover('cancel', workflowId);
    expect(stdout).toContain('host3: open again, since it was canceled');
    expect(exitCode).toBe(exitCodes.ok);
  });
});

test('a list that takes long says what it waits for', async () => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  standIns.answerWith({ listHosts: async () => (await asked, { hosts }) });
  const get = drover('get', 'hosts');
  let told = '';
  get.stderr.on('data', (data: Buffer) => (told += data.toString()));
  await until('a word of it', async () => (told === '' ? undefined : true));
  expect(told).toMatch(/^waiting for the workers, which ask; a host that stays silent is left out/);
  answer();
  expect(await get).toMatchObject({ exitCode: exitCodes.ok });
});

test('migrate and explain of a VM that nobody knows name the one that was meant', async () => {
  standIns.answerWith({
    listHosts: async () => ({ hosts }),
    checkMigration: async () => ({ kind: 'elsewhere', silentHosts: [] }),
  });
  for (const verb of ['migrate', 'explain']) {
    const { exitCode, stderr } = await drover(verb, 'wbe1');
    expect(stderr).toContain('did you mean web1? [UnknownVm]');
    expect(exitCode).toBe(exitCodes.usage);
  }
});

describe('completion in a real bash', () => {
  beforeAll(async () => {
    const host = defineSearchAttributeKey(searchAttributes.host, 'KEYWORD');
    // The last is a name that somebody mistyped: no host was ever seen to have it.
    for (const vm of ['shop1', 'shop2', 'shop3'])
      await standIns.temporal.workflow.start(recordWorkflows.vm, {
        workflowId: vmRecordId(vm),
        taskQueue: 'nobody-works-here',
        typedSearchAttributes: vm === 'shop3' ? [] : [{ key: host, value: 'host1' }],
      });
    await until('the records are listed', async () =>
      (await standIns.drover.vmNames()).filter((vm) => vm.startsWith('shop')).length === 2 ? true : undefined,
    );
  });
  afterAll(async () => {
    for (const vm of ['shop1', 'shop2', 'shop3'])
      await standIns.temporal.workflow.getHandle(vmRecordId(vm)).terminate();
  });

  /** What bash would offer after this line, by the script as it is printed. */
  async function offered(line: string): Promise<string[]> {
    const { stdout } = await execa(
      'bash',
      [
        '--norc',
        '-c',
        `drover() { ${process.execPath} ${program} "$@"; }
         source <(drover completion bash)
         COMP_LINE=$1 COMP_POINT=\${#1}
         _drover_complete
         printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        line,
      ],
      { env: { DROVER_SETTINGS: settingsFile } },
    );
    return stdout.split('\n').filter(Boolean);
  }

  /** On a busy machine a second may be too short for an answer: then there are no names, this time. */
  function untilOffered(line: string): Promise<string[]> {
    return until(`names for ${line}`, async () => {
      const found = await offered(line);
      return found.length > 0 ? found : undefined;
    });
  }

  test('offers verbs, options, and names that are so now', async () => {
    expect(await offered('drover mig')).toEqual(['migrate']);
    expect(await offered('drover migrate --det')).toEqual(['--detach']);
    expect(await untilOffered('drover migrate sho')).toEqual(['shop1', 'shop2']);
    expect(await offered('drover migrate shop1 --to ')).toEqual(['host1', 'host2', 'host3']);
    expect(await offered('drover get vms -l switch=')).toEqual(['sw1']);
  });

  test('offers an operation’s id as bash takes it, behind the colon that was typed', async () => {
    const workflowId = await moving('completed1');
    releases.get('completed1')?.();
    rmSync(join(folder, 'state'), { recursive: true, force: true });
    await until('it is listed', async () =>
      (await standIns.drover.operations()).some((one) => one.workflowId === workflowId) ? true : undefined,
    );
    const typed = workflowId.slice(0, workflowId.lastIndexOf(':') + 1);
    expect(await untilOffered(`drover watch ${typed}`)).toEqual([workflowId.slice(typed.length)]);
  });

  test('offers no names where nobody answers, or where there are no settings', async () => {
    const away = join(folder, 'away.yaml');
    writeFileSync(
      away,
      `stateDir: ${join(folder, 'away')}\ntemporal: {embedded: {port: 1}}\n` +
        `clusters: {berlin: {datacenter: berlin, hosts: {host1: {uri: 'sim://127.0.0.1:1/host1'}}}}\n`,
    );
    expect(await offered(`drover -s ${away} migrate sho`)).toEqual([]);
    expect(await offered(`drover -s ${away} migrate shop1 --to `)).toEqual(['host1']);
    expect(await offered(`drover -s ${join(folder, 'none.yaml')} migrate sho`)).toEqual([]);
  });
});

/** What a followed operation has said of its copy so far. */
function progressOf(watch: Run): string[] {
  const said = followed.get(watch) ?? listen(watch);
  return said
    .join('')
    .split('\n')
    .filter((line) => line.includes('MiB/s'));
}
const followed = new WeakMap<object, string[]>();

function listen(watch: Run): string[] {
  const said: string[] = [];
  watch.stderr.on('data', (data: Buffer) => void said.push(data.toString()));
  followed.set(watch, said);
  return said;
}
