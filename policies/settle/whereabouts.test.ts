import { expect, test } from 'vitest';
import type { Copy } from './copies.ts';
import { whereabouts } from './whereabouts.ts';

function copy(host: string, state: Copy['sight']['state'], stateReason = ''): Copy {
  return { host, sight: { kind: 'present', state, stateReason } };
}

test.each<[situation: string, copies: Copy[], silent: string[], expected: object]>([
  ['nobody has it', [], [], { kind: 'nowhere' }],
  ['nobody who answers has it', [], ['host3'], { kind: 'unclear' }],
  ['one runs', [copy('host1', 'running')], [], { kind: 'at', host: 'host1', leftovers: [] }],
  ['one is asleep', [copy('host1', 'suspendedToRam')], [], { kind: 'at', host: 'host1' }],
  ['one runs, and a host is silent', [copy('host1', 'running')], ['host3'], { kind: 'unclear' }],
  [
    'one runs, and another is a leftover',
    [copy('host1', 'off', 'migrated'), copy('host2', 'running')],
    [],
    { kind: 'at', host: 'host2', leftovers: [{ host: 'host1' }] },
  ],
  [
    'one runs, and another is halted',
    [copy('host1', 'running'), copy('host2', 'paused', 'user')],
    [],
    { kind: 'at', host: 'host1', leftovers: [{ host: 'host2' }] },
  ],
  [
    'two run',
    [copy('host1', 'running'), copy('host2', 'running'), copy('host3', 'off')],
    [],
    { kind: 'several', copies: [{ host: 'host1' }, { host: 'host2' }] },
  ],
  [
    'two run, and a host is silent',
    [copy('host1', 'running'), copy('host2', 'running')],
    ['host3'],
    { kind: 'several' },
  ],
  ['it is halted alone', [copy('host1', 'paused', 'user')], [], { kind: 'at', host: 'host1' }],
  [
    'two are halted',
    [copy('host1', 'paused', 'user'), copy('host2', 'paused', 'user')],
    [],
    { kind: 'unclear' },
  ],
  [
    'a halted one and a definition',
    [copy('host1', 'off'), copy('host2', 'paused', 'user')],
    [],
    { kind: 'at', host: 'host2', leftovers: [{ host: 'host1' }] },
  ],
  ['it is off', [copy('host1', 'off', 'shutdown')], [], { kind: 'at', host: 'host1' }],
  ['it is defined twice and off', [copy('host1', 'off'), copy('host2', 'crashed')], [], { kind: 'unclear' }],
  [
    'a migration fills a copy',
    [copy('host1', 'running'), copy('host2', 'migratingIn')],
    [],
    { kind: 'unclear' },
  ],
  ['it shuts down', [copy('host1', 'shuttingDown')], [], { kind: 'unclear' }],
])('%s', (_, copies, silent, expected) => {
  expect(whereabouts(copies, silent)).toMatchObject(expected);
});

test('what is unclear names the hosts and what they said', () => {
  expect(whereabouts([copy('host1', 'running', 'booted')], ['host3'])).toMatchObject({
    reason: 'running (booted) on host1; not known of host3, without an answer',
  });
});
