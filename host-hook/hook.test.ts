/** The hook by itself, as libvirt calls it: what it lets through, what it refuses, and that it never forgets. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const hook = join(import.meta.dirname, '50-drover');
const uuid = '11111111-0000-4000-8000-000000000001';
const other = '22222222-0000-4000-8000-000000000002';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'drover-hook-'));
  mkdirSync(join(state, 'epochs'));
});
afterEach(() => rmSync(state, { recursive: true }));

const environment = () => ({ PATH: `${state}:${process.env['PATH']}`, DROVER_HOOK_STATE: state });

type Operation = 'migrate begin' | 'prepare begin' | 'stopped end' | 'reconnect begin' | 'started begin';
type Epoch = number | string | undefined;

function marked(epoch: Epoch): string {
  return epoch === undefined ? '' : `<drover:lease xmlns:drover="urn:drover:vm" epoch="${epoch}"/>`;
}

function domain(metadata: string, id = uuid): string {
  return `<domain type='kvm' id='3'>
  <name>web1</name>
  <uuid>${id}</uuid>
  <metadata>
    ${metadata}
  </metadata>
  <memory unit='KiB'>131072</memory>
</domain>
`;
}

/** `through`, or why not. Nothing may be printed: libvirt would take it for the VM's definition. */
function call(operation: Operation, xml: string, name = 'web1'): string {
  const { status, stdout, stderr } = spawnSync('sh', [hook, name, ...operation.split(' '), '-'], {
    input: xml,
    env: environment(),
    encoding: 'utf8',
  });
  expect([0, 1]).toContain(status);
  expect({ stdout, saysWhy: stderr !== '' }).toEqual({ stdout: '', saysWhy: status === 1 });
  return status === 0 ? 'through' : stderr.trim();
}

function byHand(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('sh', [hook, ...args], {
    env: environment(),
    encoding: 'utf8',
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

const recorded = (id = uuid): string => byHand('show', id).stdout.replace(`${id} `, '');

/** A host that has seen this epoch of the VM. */
function seen(epoch: number): void {
  expect(call('prepare begin', domain(marked(epoch)))).toBe('through');
}

describe.each(['migrate begin', 'prepare begin'] as const)('%s', (operation) => {
  test('of a VM that was never marked, on a host that never saw it, leaves no trace', () => {
    expect(call(operation, domain(''))).toBe('through');
    expect(readdirSync(join(state, 'epochs'))).toEqual([]);
  });

  test('with an equal or a higher epoch goes through, and is recorded', () => {
    seen(9);
    expect(call(operation, domain(marked(9)))).toBe('through');
    expect(call(operation, domain(marked(10)))).toBe('through');
    expect(recorded()).toBe('10');
    expect(readdirSync(join(state, 'epochs', uuid))).toEqual(['10']);
  });

  test('with a lower epoch is refused, with a word that Drover knows and the way on', () => {
    seen(10);
    expect(call(operation, domain(marked(9)))).toBe(
      'drover: stale epoch 9 < 10: web1 was acted on since this was ordered or written. ' +
        `If you know better: ${hook} forget ${uuid}`,
    );
    expect(recorded()).toBe('10');
  });

  test('of another VM is judged by its own epochs', () => {
    seen(10);
    expect(call(operation, domain(marked(1), other))).toBe('through');
    expect([recorded(), recorded(other)]).toEqual(['10', '1']);
  });
});

describe('a VM without an epoch, on a host that has seen one', () => {
  test('starts: a person defined it anew', () => {
    seen(9);
    expect(call('prepare begin', domain(''))).toBe('through');
    expect(recorded()).toBe('9');
  });

  test('may not come by a migration: it runs on where it is', () => {
    seen(9);
    expect(call('migrate begin', domain(''))).toMatch(
      /^drover: web1 may not come here: it carries no epoch, and this host has seen epoch 9 of it\. .* forget /,
    );
  });
});

test('what Drover wrote while the VM ran is learnt when it stops, and when libvirtd finds it running', () => {
  seen(4);
  expect(call('stopped end', domain(marked(6)))).toBe('through');
  expect(recorded()).toBe('6');
  expect(call('reconnect begin', domain(marked(7)))).toBe('through');
  expect(recorded()).toBe('7');
  expect(call('stopped end', domain(marked(3)))).toBe('through');
  expect(call('started begin', domain(marked(3)))).toBe('through');
  expect(recorded()).toBe('7');
});

describe("what can't be told lets a start through and refuses a migration", () => {
  const broken: readonly (readonly [string, () => string])[] = [
    ['no XML', () => ''],
    ['an XML without a UUID', () => '<domain><name>web1</name></domain>'],
    ['a UUID that is a path', () => domain(marked(9), '../../../../../../../../tmp/evil')],
    ['an epoch that is no number', () => domain(marked('nine'))],
    ['an empty epoch', () => domain(marked(''))],
    ['an epoch beyond any arithmetic', () => domain(marked('99999999999999999999'))],
    [
      'no folder for the epochs',
      () => {
        rmSync(join(state, 'epochs'), { recursive: true });
        return domain(marked(9));
      },
    ],
    [
      'a file where the VM’s folder should be',
      () => {
        writeFileSync(join(state, 'epochs', uuid), '');
        return domain(marked(9));
      },
    ],
    [
      'a disk that keeps nothing',
      () => {
        writeFileSync(join(state, 'sync'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
        return domain(marked(9));
      },
    ],
  ];
  test.each(broken)('%s', (_, xml) => {
    const text = xml();
    expect(call('migrate begin', text)).toMatch(/^drover: web1 may not come here: /);
    expect(call('prepare begin', text)).toBe('through');
    expect(call('stopped end', text)).toBe('through');
  });
});

describe('the epoch stands in the XML', () => {
  test.each([
    ['under another prefix', `<x:lease xmlns:x='urn:drover:vm' epoch='7'/>`],
    ['without a prefix, on several lines', `<lease\n xmlns="urn:drover:vm"\n epoch="7"></lease>`],
    ['before its namespace', `<drover:lease epoch="7" xmlns:drover="urn:drover:vm"/>`],
    [
      'beside leases of others',
      `<lease xmlns="urn:x" epoch="99"/>${marked(7)}<y:lease xmlns:y="urn:y" epoch="98"/>`,
    ],
  ])('%s', (_, metadata) => {
    expect(call('prepare begin', domain(metadata))).toBe('through');
    expect(recorded()).toBe('7');
  });

  test('with its namespace at the metadata', () => {
    const xml = domain('<drover:lease epoch="7"/>').replace(
      '<metadata>',
      '<metadata xmlns:drover="urn:drover:vm">',
    );
    expect(call('prepare begin', xml)).toBe('through');
    expect(recorded()).toBe('7');
  });

  test.each([
    ['of another namespace', '<drover:lease xmlns:drover="urn:x" epoch="7"/>'],
    ['of another element', '<drover:release xmlns:drover="urn:drover:vm" epoch="7"/>'],
    ['in a text', '&lt;drover:lease xmlns:drover="urn:drover:vm" epoch="7"/>'],
  ])('but not %s', (_, metadata) => {
    expect(call('prepare begin', domain(metadata))).toBe('through');
    expect(recorded()).toBe('');
  });

  test('but not outside the metadata', () => {
    const xml = domain('').replace('</domain>', `<devices>${marked(7)}</devices></domain>`);
    expect(call('prepare begin', xml)).toBe('through');
    expect(recorded()).toBe('');
  });
});

test('a VM may be named as a verb of the hook is', () => {
  seen(9);
  expect(call('prepare begin', domain(marked(3)), 'forget')).toMatch(/^drover: stale epoch 3 < 9: forget /);
  expect(recorded()).toBe('9');
});

describe('a person', () => {
  test('sees what was recorded', () => {
    seen(9);
    call('prepare begin', domain(marked(3), other));
    expect(byHand('show').stdout.split('\n')).toEqual([`${uuid} 9`, `${other} 3`]);
    expect(byHand('show', other).stdout).toBe(`${other} 3`);
  });

  test('has a VM forgotten, which then starts with an old epoch', () => {
    seen(9);
    expect(byHand('forget', uuid).status).toBe(0);
    expect(call('prepare begin', domain(marked(3)))).toBe('through');
    expect(recorded()).toBe('3');
  });

  test('bars what is older, and can not lower it by a slip', () => {
    expect(byHand('raise', uuid, '20').status).toBe(0);
    expect(call('prepare begin', domain(marked(19)))).toMatch(/stale epoch 19 < 20/);
    expect(byHand('raise', uuid, '5')).toMatchObject({ status: 1 });
    expect(recorded()).toBe('20');
  });

  test.each([
    [],
    ['show', 'web1'],
    ['forget'],
    ['forget', '..'],
    ['raise', uuid],
    ['raise', uuid, '-1'],
    ['lower', uuid],
  ])('is told how it is used: %j %j %j', (...args) => {
    seen(9);
    expect(byHand(...args.filter((arg) => arg !== undefined))).toMatchObject({ status: 2, stdout: '' });
    expect(recorded()).toBe('9');
  });
});

test('the recorded epoch never falls, whatever comes', () => {
  const operation = fc.constantFrom<Operation>(
    'migrate begin',
    'prepare begin',
    'stopped end',
    'reconnect begin',
  );
  const epoch = fc.oneof(fc.nat({ max: 12 }), fc.constant(undefined), fc.constantFrom('x', '-1', '007', ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(operation, epoch), { maxLength: 12 }), (calls) => {
      rmSync(join(state, 'epochs', uuid), { recursive: true, force: true });
      let highest = -1;
      for (const [each, carried] of calls) {
        const outcome = call(each, domain(marked(carried)));
        const isStale = typeof carried === 'number' && carried < highest;
        const isJudged = each === 'migrate begin' || each === 'prepare begin';
        expect(/stale epoch/.test(outcome)).toBe(isStale && isJudged);
        if (typeof carried === 'number') highest = Math.max(highest, carried);
        expect(recorded()).toBe(highest < 0 ? '' : `${highest}`);
      }
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('of calls that come at once the highest epoch stands, also where some are killed', async () => {
  for (let round = 0; round < 5; round++) {
    const running = Array.from({ length: 12 }, (_, epoch) => {
      const child = spawn('sh', [hook, 'web1', 'stopped', 'end', '-'], {
        env: environment(),
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(domain(marked(round * 12 + epoch)));
      if (epoch % 4 === 3) setTimeout(() => child.kill('SIGKILL'), epoch).unref();
      return { epoch: round * 12 + epoch, ended: once(child, 'exit') as Promise<[number | null]> };
    });
    const ends = await Promise.all(
      running.map(async ({ epoch, ended }) => ({ epoch, code: (await ended)[0] })),
    );
    const whole = ends.filter(({ code }) => code === 0).map(({ epoch }) => epoch);
    expect(Number(recorded())).toBeGreaterThanOrEqual(Math.max(...whole));
  }
});

test('it notes that libvirt calls it', () => {
  expect(existsSync(join(state, 'called'))).toBe(false);
  seen(1);
  expect(existsSync(join(state, 'called'))).toBe(true);
});
