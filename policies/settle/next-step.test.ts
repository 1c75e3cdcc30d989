/** What may be done next in a move, for every pair of states that two hosts can show. */
import { describe, expect, test } from 'vitest';
import type { VmState } from '../../model/inventory.ts';
import type { MoveNote } from '../../model/vm-record.ts';
import { noFacts, type MoveFacts } from './move-facts.ts';
import { nextStep, type NextStep } from './next-step.ts';
import { settle, type Sight } from './settle.ts';

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
  G: 'resumeSource',
  T: 'endTarget',
  S: 'endSource',
  D: 'restart',
  '?': 'ask',
};

type Table = Readonly<Record<Name, string>>;

/** Rows: the source. Columns: the target, in the order of `sights`. */
const unnoted: Table = {
  //             run rol hal swi ioE pos fil shu mig off cra asl unk abs noA
  running: '      ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  rolledBack: '   ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  halted: '       ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  switching: '    S   S   C   .   .   .   .   .   T   T   T   S   .   G   .',
  ioError: '      ?   ?   ?   .   ?   .   .   .   T   T   T   ?   .   -   .',
  postCopy: '     .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  filling: '      .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  shuttingDown: ' .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  offMigrated: '  S   S   R   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  offShutdown: '  S   S   D   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  crashed: '      S   S   D   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  asleep: '       ?   ?   T   .   ?   .   .   .   T   T   T   ?   .   -   .',
  stateUnknown: ' .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
  absent: '       -   -   D   .   ?   .   .   .   ?   ?   ?   -   .   ?   .',
  noAnswer: '     .   .   .   .   .   .   .   .   .   .   .   .   .   .   .',
};

/** What the other rows become once an attempt may have told the source to quit. */
const mayHaveQuit: Table = {
  ...unnoted,
  offShutdown: '  S   S   D   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  absent: '       -   -   D   .   ?   .   .   .   ?   ?   D   -   .   ?   .',
};

/** ... and once the source's end was proven. */
const targetIsLatest: Table = {
  ...mayHaveQuit,
  offShutdown: '  S   S   R   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  crashed: '      S   S   R   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  absent: '       -   -   R   .   ?   .   .   .   ?   ?   D   -   .   ?   .',
};

/** ... and once it has run there: a halt, or an end by a person's order, is somebody's will. */
const ranAtTarget: Table = {
  ...mayHaveQuit,
  offMigrated: '  S   S   S   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  offShutdown: '  S   S   S   .   ?   .   .   .   ?   ?   D   S   .   D   .',
  crashed: '      S   S   S   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  absent: '       -   -   -   .   ?   .   .   .   ?   ?   D   -   .   ?   .',
};

/** A VM that a person had paused is started by nobody, and resumed by nobody but at a source that a migration halted. */
const wasPaused: Table = {
  ...unnoted,
  offMigrated: '  S   S   S   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  offShutdown: '  S   S   ?   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  crashed: '      S   S   ?   .   ?   .   .   .   ?   ?   ?   S   .   ?   .',
  absent: '       -   -   ?   .   ?   .   .   .   ?   ?   ?   -   .   ?   .',
};

const facts = (pausedBefore: boolean, ...notes: MoveNote[]): MoveFacts => ({
  wasPaused: pausedBefore,
  notes: new Set(notes),
});
const situations: readonly (readonly [string, Table, MoveFacts])[] = [
  ['nothing noted', unnoted, noFacts],
  ['an attempt may have quit the source', mayHaveQuit, facts(false, 'mayHaveQuit')],
  ['the target was proven the latest', targetIsLatest, facts(false, 'mayHaveQuit', 'targetIsLatest')],
  ['it has run at the target', ranAtTarget, facts(false, 'mayHaveQuit', 'ranAtTarget')],
  ['a person had paused it', wasPaused, facts(true)],
];

for (const [situation, table, known] of situations) {
  describe(`the next step of a move, ${situation}`, () => {
    for (const source of names) {
      const row = table[source].trim().split(/ +/);
      test.each(names.map((target, column) => [target, row[column] ?? 'missing'] as const))(
        `${source} at the source, %s at the target`,
        (target, letter) => {
          expect(nextStep(sights[source], sights[target], false, known)).toBe(letters[letter]);
        },
      );
    }

    test('is to wait while the source reports a migration under way', () => {
      for (const source of names)
        for (const target of names)
          expect(nextStep(sights[source], sights[target], true, known)).toBe('wait');
    });
  });
}

describe('a source that is just ending', () => {
  const ended: MoveFacts = { ...noFacts, sourceHasEnded: true };
  const ending = { ...present('shuttingDown', 'unknown'), persistent: true };
  const leaving = { ...ending, persistent: false };

  test('is waited for by those who have not seen its end', () => {
    expect(nextStep(ending, sights.running, false)).toBe('wait');
  });

  test('only has its definition taken by those who have', () => {
    expect(nextStep(ending, sights.running, false, ended)).toBe('endSource');
    expect(nextStep(leaving, sights.running, false, ended)).toBe('nothing');
    expect(settle(leaving, sights.running, ended).outcome).toBe('moved');
  });

  test('is not restarted elsewhere while it ends', () => {
    expect(nextStep(ending, sights.absent, false)).toBe('wait');
    expect(nextStep(leaving, sights.absent, false)).toBe('wait');
  });
});

describe('whatever is noted', () => {
  const everyNote = [
    [],
    ['mayHaveQuit'],
    ['mayHaveQuit', 'targetIsLatest'],
    ['mayHaveRestarted'],
    ['mayHaveQuit', 'ranAtTarget'],
  ] as const;
  const all = names.flatMap((source) =>
    names.flatMap((target) =>
      [false, true].flatMap((paused) =>
        everyNote.map((notes) => ({
          source,
          target,
          paused,
          step: nextStep(sights[source], sights[target], false, facts(paused, ...notes)),
        })),
      ),
    ),
  );
  const places = (wanted: NextStep, side: 'source' | 'target'): Set<Name> =>
    new Set(all.filter(({ step }) => step === wanted).map((seen) => seen[side]));
  const gone: readonly Name[] = ['offMigrated', 'offShutdown', 'crashed', 'absent'];

  test('a copy runs at the target only where the source has ended', () => {
    expect([...places('resumeTarget', 'source')]).toEqual(gone);
    expect([...places('resumeTarget', 'target')]).toEqual(['halted']);
  });

  test('a copy that is ended at the target never runs while the source is alive', () => {
    expect([...places('endTarget', 'target')]).toEqual(['halted', 'offMigrated', 'offShutdown', 'crashed']);
    expect([...places('endTarget', 'source')].filter((name) => gone.includes(name))).toEqual([]);
  });

  test('a source is ended only where the target has the VM', () => {
    expect(places('endSource', 'target')).toEqual(new Set(['running', 'rolledBack', 'halted', 'asleep']));
  });

  test('a VM is started from its disk only where no copy of it is alive but a halted one that may be stale', () => {
    for (const name of places('restart', 'source')) expect(gone).toContain(name);
    for (const name of places('restart', 'target')) expect([...gone, 'halted']).toContain(name);
    expect(all.filter(({ step, paused }) => step === 'restart' && paused)).toEqual([]);
  });

  test('a source that the migration has halted goes on only where the target has no copy', () => {
    expect([...places('resumeSource', 'target')]).toEqual(['absent']);
    expect([...places('resumeSource', 'source')]).toEqual(['switching']);
    const startsUp = present('paused', 'starting up');
    expect(nextStep(startsUp, sights.absent, false)).toBe('wait');
  });
});
