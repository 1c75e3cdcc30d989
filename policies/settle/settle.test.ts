import { describe, expect, test } from 'vitest';
import { VmState } from '../../model/inventory.ts';
import { type Sight, settle } from './settle.ts';

const present = (state: VmState, stateReason = ''): Sight => ({ kind: 'present', state, stateReason });
const absent: Sight = { kind: 'absent' };
const unknown: Sight = { kind: 'unknown', reason: 'no answer in 5 s' };

/** Every plain thing that a host can say, in the order of the table's columns. */
const sights: readonly (readonly [name: string, sight: Sight])[] = [
  ['running', present('running', 'booted')],
  ['paused', present('paused', 'user')],
  ['migratingIn', present('migratingIn', 'migration')],
  ['shuttingDown', present('shuttingDown', 'user')],
  ['off', present('off', 'shutdown')],
  ['crashed', present('crashed', 'panicked')],
  ['suspendedToRam', present('suspendedToRam')],
  ['stateUnknown', present('unknown')],
  ['absent', absent],
  ['noAnswer', unknown],
];

/** Rows: the source. Columns: the target, in the same order. M moved, S stayed, B both, N none, . in doubt. */
const table: Readonly<Record<string, string>> = {
  running: '       B S . . S S B . S .',
  paused: '        . . . . S S . . S .',
  migratingIn: '   . . . . . . . . . .',
  shuttingDown: '  . . . . . . . . . .',
  off: '           M . . . N N M . N .',
  crashed: '       M . . . N N M . N .',
  suspendedToRam: 'B S . . S S B . S .',
  stateUnknown: '  . . . . . . . . . .',
  absent: '        M . . . N N M . N .',
  noAnswer: '      . . . . . . . . . .',
};

const outcomes = { M: 'moved', S: 'stayed', B: 'both', N: 'none', '.': 'inDoubt' } as const;

describe('settle', () => {
  test('knows every state that a host can report', () => {
    const used = sights.flatMap(([, sight]) => (sight.kind === 'present' ? [sight.state] : []));
    expect(new Set(used)).toEqual(new Set(VmState.options));
  });

  for (const [sourceName, source] of sights) {
    const row = (table[sourceName] ?? '').trim().split(/ +/);
    test.each(sights.map(([name, target], column) => [name, target, row[column]] as const))(
      `${sourceName} at the source, %s at the target`,
      (_name, target, letter) => {
        const settled = settle(source, target);
        expect(settled.outcome).toBe(outcomes[letter as keyof typeof outcomes]);
        expect(settled.reason).toMatch(/ at the source, .* at the target: .{20,}/);
      },
    );
  }
});

describe('settle with what the hypervisor says of a halted copy', () => {
  const cases: readonly (readonly [situation: string, source: Sight, target: Sight, outcome: string])[] = [
    [
      'the reply to the last step was lost and the target runs',
      present('paused', 'migration'),
      present('running', 'migrated'),
      'moved',
    ],
    [
      'the source is halted for the switch-over and the target is gone',
      present('paused', 'migration'),
      absent,
      'inDoubt',
    ],
    [
      'both are halted at the switch-over',
      present('paused', 'migration'),
      present('paused', 'user'),
      'inDoubt',
    ],
    ['the target still starts up', present('running', 'booted'), present('paused', 'starting up'), 'inDoubt'],
    [
      'libvirt rolled back, the target is stale',
      present('running', 'migration canceled'),
      present('paused', 'user'),
      'stayed',
    ],
    ['the source ended as migrated', present('off', 'migrated'), present('paused', 'user'), 'moved'],
    ['the source ended otherwise', present('off', 'destroyed'), present('paused', 'user'), 'inDoubt'],
    ['post-copy failed', present('paused', 'post-copy failed'), present('running', 'post-copy'), 'inDoubt'],
    ['the target runs in post-copy, the source is gone', absent, present('running', 'post-copy'), 'inDoubt'],
    ['storage failed where the VM is', present('paused', 'I/O error'), absent, 'stayed'],
    [
      'storage failed at the source, the target runs',
      present('paused', 'ioError'),
      present('running', ''),
      'inDoubt',
    ],
    ['storage failed at the target', absent, present('paused', 'I/O error'), 'inDoubt'],
    [
      'storage failed at the target, the source runs',
      present('running', ''),
      present('paused', 'I/O error'),
      'inDoubt',
    ],
  ];

  test.each(cases)('%s', (_situation, source, target, outcome) => {
    expect(settle(source, target).outcome).toBe(outcome);
  });

  test('a halted copy whose source was proven to have ended is the VM', () => {
    const facts = { wasPaused: false, notes: new Set(['targetIsLatest'] as const) };
    expect(settle(absent, present('paused', 'user')).outcome).toBe('inDoubt');
    expect(settle(absent, present('paused', 'user'), facts).outcome).toBe('moved');
  });

  test('one that has run at the target and is halted there has moved: somebody has halted it since', () => {
    const facts = { wasPaused: false, notes: new Set(['mayHaveQuit', 'ranAtTarget'] as const) };
    expect(settle(absent, present('paused', 'user'), facts)).toMatchObject({
      outcome: 'moved',
      reason: expect.stringContaining('halted there by somebody since'),
    });
  });

  test('a guest that crashed is named', () => {
    expect(settle(present('off', 'crashed'), absent).reason).toContain('the guest, or its QEMU, crashed');
    expect(settle(present('off', 'shutdown'), absent).reason).not.toContain('crashed');
  });

  test('a VM that a person had paused is told as such where it stays and where it goes', () => {
    const facts = { wasPaused: true, notes: new Set<never>() };
    expect(settle(present('paused', 'user'), absent, facts).reason).toContain('as it was before');
    expect(settle(present('off', 'migrated'), present('paused', 'user'), facts).reason).toContain(
      'left paused as it was before',
    );
  });

  test('the reason repeats what the hosts said', () => {
    expect(settle(present('running', 'booted'), unknown).reason).toBe(
      'running (booted) at the source, unknown (no answer in 5 s) at the target: unknown is never taken for gone; look again when the host answers',
    );
  });
});
