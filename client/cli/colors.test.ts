import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { colored } from './colors.ts';
import { coloredTable, dataText, documentText } from './output.ts';

afterEach(() => vi.unstubAllEnvs());
const rows = [
  ['HOST', 'STATE'],
  ['failed', 'unreachable'],
  ['host10', 'active'],
];
const plain = 'HOST    STATE\nfailed  unreachable\nhost10  active';

test('without a terminal there are none', () => {
  expect(coloredTable(rows)).toBe(plain);
});

test('FORCE_COLOR asks for them: the head, and states alone, as wide as they were', () => {
  vi.stubEnv('FORCE_COLOR', '1');
  const red = '\u001b[31munreachable\u001b[39m';
  expect(coloredTable(rows)).toBe(
    `\u001b[1mHOST\u001b[22m    \u001b[1mSTATE\u001b[22m\nfailed  ${red}\nhost10  active`,
  );
});

/** A terminal that has colors, as Node sees one. */
const terminal = Object.assign(new PassThrough(), {
  isTTY: true,
  getColorDepth: WriteStream.prototype.getColorDepth,
}) as unknown as WriteStream;

test.each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
  [{ FORCE_COLOR: '0' }, false],
  [{ TERM: 'dumb' }, false],
])('on a terminal with %j: %s', (env, expected) => {
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'CI', 'TMUX', 'COLORTERM']) vi.stubEnv(name, undefined);
  vi.stubEnv('TERM', 'xterm');
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  expect(colored('bad', 'x', terminal)).toBe(expected ? '\u001b[31mx\u001b[39m' : 'x');
});

const hostile = { message: 'a\u001b[2J\u009b31m\u007f\nerror: none' };

test.each(['json', 'yaml'] as const)('%s for programs moves no cursor, and means the same', (format) => {
  const text = dataText(format, hostile);
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(format === 'json' ? JSON.parse(text) : parse(text)).toEqual(hostile);
});

test('one of several documents is a line of JSON', () => {
  const text = documentText('json', { a: ['b  c', 'd\n  e'] });
  expect(text).not.toContain('\n');
  expect(JSON.parse(text)).toEqual({ a: ['b  c', 'd\n  e'] });
  expect(documentText('yaml', { a: 1 })).toBe('---\na: 1');
});
