import { describe, expect, test } from 'vitest';
import { workflowPath } from './ui-paths.ts';
import { escaped, inCode, link, mostOfPage, pageOf, table } from './markdown.ts';

describe('texts of others stay texts', () => {
  test.each([
    ['a cell border', 'a | b', String.raw`a \| b`],
    ['markup', '**bold** _x_ `code`', String.raw`\*\*bold\*\* \_x\_ \`code\``],
    ['a link', '[here](http://evil)', String.raw`\[here\](http\://evil)`],
    ['an address, which the UI would make a link of', 'see https://evil/x', String.raw`see https\://evil/x`],
    ['an address of a mail', 'mailto:me', String.raw`mailto\:me`],
    ['a tag', '<script>', String.raw`\<script\>`],
    ['an entity', '&lt;', String.raw`\&lt;`],
    ['a formula', '$x$', String.raw`\$x\$`],
    ['what the UI would replace', '{namespace}', String.raw`\{namespace\}`],
    ['two dashes, which the UI would make one of', '--runs-on', String.raw`\-\-runs-on`],
    ['an escape', String.raw`\|`, String.raw`\\\|`],
    ['rows and terminal escapes', 'a\r\nb\u001b[31m\u2028c', String.raw`a b \[31m c`],
  ])('%s', (_, text, wanted) => expect(escaped(text)).toBe(wanted));

  test('a long one is cut, and between two letters', () => {
    expect(escaped('x'.repeat(5000))).toHaveLength(1501);
    const cut = escaped('😀'.repeat(10), 3);
    expect(cut).toBe('😀…');
    expect(cut.isWellFormed()).toBe(true);
  });

  test('in code, in a table and as a link', () => {
    expect(inCode('a`b|c\nd')).toBe('`a b c d`');
    expect(table(['a', 'b'], [['', 'x']])).toBe('| a | b |\n|---|---|\n| - | x |');
    const path = workflowPath('{namespace}', `a/'b' (c)`);
    expect(link('a]b', path)).toBe(
      String.raw`[a\]b](/namespaces/{namespace}/workflows/a%2F%27b%27%20%28c%29)`,
    );
  });
});

describe('a page', () => {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;

  test('has its parts, without those that are none', () => {
    expect(pageOf(['a', undefined, '', 'b'], 'c')).toBe('a\n\nb\n\nc');
  });

  test('that is too long ends at the end of a line, says so, and keeps its last part', () => {
    const page = pageOf(['head', '| é | é |\n'.repeat(5000)], 'what to do');
    expect(bytes(page)).toBeLessThanOrEqual(mostOfPage);
    expect(bytes(page)).toBeGreaterThan(mostOfPage - 200);
    expect(page).toMatch(/\| é \| é \|\n\nThere is more than a page takes.*\n\nwhat to do$/);
  });

  test('is never longer than Temporal takes, whatever its last part is', () => {
    expect(bytes(pageOf(['x\n'.repeat(9999)], 'y\n'.repeat(99_999)))).toBeLessThanOrEqual(mostOfPage);
    expect(bytes(pageOf(['x'.repeat(30_000)], 'y'.repeat(30_000)))).toBeLessThanOrEqual(mostOfPage);
  });
});
