/** When a person's word is taken for where a VM is, for every pair of things that the named host and another can show. */
import { describe, expect, test } from 'vitest';
import { byWord } from './by-word.ts';
import type { Copy } from './copies.ts';

type Seen = Copy['sight'] | 'absent' | 'noAnswer';
const present = (state: Copy['sight']['state'], stateReason: string): Seen => ({
  kind: 'present',
  state,
  stateReason,
});

/** In the order of the table's columns. */
const sights: Readonly<Record<string, Seen>> = {
  running: present('running', 'booted'),
  asleep: present('suspendedToRam', 'unknown'),
  paused: present('paused', 'user'),
  ioError: present('paused', 'I/O error'),
  off: present('off', 'shutdown'),
  crashed: present('crashed', 'crashed'),
  switching: present('paused', 'migrating'),
  filling: present('migratingIn', 'migrating'),
  postCopy: present('running', 'post-copy'),
  shuttingDown: present('shuttingDown', 'user'),
  stateUnknown: present('unknown', ''),
  absent: 'absent',
  noAnswer: 'noAnswer',
};

/** Rows: the host that the person names. Columns: another host. t taken, - refused, 2 two copies run. */
const table: Readonly<Record<string, string>> = {
  //             run asl pau ioE off cra swi fil pos shu unk abs noA
  running: '      2   2   t   t   t   t   -   -   -   -   -   t   t',
  asleep: '       2   2   t   t   t   t   -   -   -   -   -   t   t',
  paused: '       -   -   t   t   t   t   -   -   -   -   -   t   t',
  ioError: '      -   -   t   t   t   t   -   -   -   -   -   t   t',
  off: '          -   -   -   -   t   t   -   -   -   -   -   t   t',
  crashed: '      -   -   -   -   t   t   -   -   -   -   -   t   t',
  switching: '    -   -   -   -   -   -   -   -   -   -   -   -   -',
  filling: '      -   -   -   -   -   -   -   -   -   -   -   -   -',
  postCopy: '     -   -   -   -   -   -   -   -   -   -   -   -   -',
  shuttingDown: ' -   -   -   -   -   -   -   -   -   -   -   -   -',
  stateUnknown: ' -   -   -   -   -   -   -   -   -   -   -   -   -',
  absent: '       -   -   -   -   -   -   -   -   -   -   -   -   -',
  noAnswer: '     -   -   t   t   t   t   -   -   -   -   -   t   t',
};
const kinds: Readonly<Record<string, string>> = { t: 'taken', '-': 'refused', '2': 'several' };

function given(named: Seen, other: Seen): Parameters<typeof byWord> {
  const both = [
    ['host1', named],
    ['host2', other],
  ] as const;
  const copies = both.flatMap(([host, sight]) => (typeof sight === 'object' ? [{ host, sight }] : []));
  return ['host1', copies, both.flatMap(([host, sight]) => (sight === 'noAnswer' ? [host] : []))];
}

describe('the word that a VM is on host1', () => {
  for (const [name, named] of Object.entries(sights)) {
    const row = (table[name] ?? '').trim().split(/ +/);
    test.each(Object.entries(sights).map(([other, sight], at) => [other, sight, row[at] ?? ''] as const))(
      `where it is ${name}, and %s on host2`,
      (_, sight, letter) => {
        const decided = byWord(...given(named, sight));
        expect(decided.kind).toBe(kinds[letter]);
        expect(decided.reason).toMatch(/host[12]/);
      },
    );
  }

  test('names what is left elsewhere, and whom the word covers', () => {
    const decided = byWord(
      'host1',
      [{ host: 'host2', sight: sights['off'] as Copy['sight'] }],
      ['host1', 'host3'],
    );
    expect(decided).toMatchObject({ kind: 'taken', leftovers: [{ host: 'host2' }] });
    expect(decided.reason).toBe(
      'on host1 by your word, without its answer; seen were off (shutdown) on host2, and by your word not on host3, without an answer',
    );
  });
});
