/** What may be done next in a move, for every pair of states that two hosts can show. */
import { describe, expect, test } from 'vitest';
import type { VmState } from '../../model/inventory.ts';
import { nextStep, type NextStep } from './next-step.ts';
import type { Sight } from './settle.ts';

const present = (state: VmState, stateReason: string): Sight => ({ kind: 'present', state, stateReason });

/** Every plain thing that a host can say, in the order of the table's columns. */
const sights = {
  running: present('running', 'booted'),
  rolledBack: present('running', 'migration canceled'),
  halted: present('paused', 'user'),
  switching: present('paused', 'migrating'),
  ioError: present('paused', 'I/O error'),
  postCopy: present('paused', 'post-copy'),
  filling: present('migratingIn', 'migrating'),
  shuttingDown: present('shuttingDown', 'user'),
  offMigrated: present('off', 'migrated'),
  offShutdown: present('off', 'shutdown'),
  crashed: present('crashed', 'crashed'),
  asleep: present('suspendedToRam', 'unknown'),
  stateUnknown: present('unknown', ''),
  absent: { kind: 'absent' },
  noAnswer: { kind: 'unknown', reason: 'no answer in 5 s' },
} as const satisfies Record<string, Sight>;
type Name = keyof typeof sights;
const names = Object.keys(sights) as Name[];

const letters: Readonly<Record<string, NextStep>> = {
  '-': 'nothing',
  '.': 'wait',
  C: 'commit',
  R: 'resumeTarget',
  T: 'endTarget',
  S: 'endSource',
  '?': 'ask',
};

/** Rows: the source. Columns: the target, in the order of `sights`. */
const table: Readonly<Record<Name, string>> = {
  //             run rol hal swi ioE pos fil shu mig off cra asl unk abs noA
  running: '      ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  rolledBack: '   ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  halted: '       ?   ?   ?   .   ?   .   .   .   T   T   T   ?   .   -   .',
  switching: '    S   S   C   .   .   .   .   .   .   .   .   S   .   .   .',
  ioError: '      ?   ?   ?   .   ?   .   .   .   T   T   T   ?   .   -   .',
  postCopy: '     .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  filling: '      .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  shuttingDown: ' .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  offMigrated: '  S   S   R   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  offShutdown: '  S   S   ?   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  crashed: '      S   S   ?   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  asleep: '       ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  stateUnknown: ' .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  absent: '       -   -   ?   .   ?   .   .   .   ?   ?   ?   -   .   ?   .',
  noAnswer: '     .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
};

describe('the next step of a move', () => {
  for (const source of names) {
    const row = table[source].trim().split(/ +/);
    test.each(names.map((target, column) => [target, row[column] ?? 'missing'] as const))(
      `${source} at the source, %s at the target`,
      (target, letter) => {
        expect(nextStep(sights[source], sights[target], false)).toBe(letters[letter]);
      },
    );
  }

  test('is to wait while the source reports a migration under way', () => {
    for (const source of names)
      for (const target of names) expect(nextStep(sights[source], sights[target], true)).toBe('wait');
  });

  test('resumes the target only where the source can’t have run since, and ends no copy that may be the latest', () => {
    const pairs = (wanted: NextStep, side: 'source' | 'target'): Set<Name> =>
      new Set(
        names.flatMap((source) =>
          names.flatMap((target) => {
            const isWanted = nextStep(sights[source], sights[target], false) === wanted;
            return isWanted ? [side === 'source' ? source : target] : [];
          }),
        ),
      );
    expect([...pairs('resumeTarget', 'source')]).toEqual(['offMigrated']);
    expect([...pairs('endTarget', 'target')]).toEqual(['halted', 'offMigrated', 'offShutdown', 'crashed']);
    expect([...pairs('endSource', 'target')]).toEqual(['running', 'rolledBack', 'asleep']);
  });
});
