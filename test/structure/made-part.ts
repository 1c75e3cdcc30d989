/** The part of a page between two marks, which is made from what the code has. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * What stands between the marks; with `RECORD_PAGE` set, `made` is written there first.
 * @param marks the lines before and after the part
 */
export function partOfPage(page: string, marks: readonly [begin: string, end: string], made: string): string {
  if (process.env['RECORD_PAGE']) {
    const [before, , after] = partsOf(page, marks);
    writeFileSync(page, before + made + after);
  }
  return partsOf(page, marks)[1];
}

/** The page before, between and after the two marks. */
function partsOf(page: string, [begin, end]: readonly [string, string]): [string, string, string] {
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}
