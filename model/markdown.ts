/**
 * Markdown for the pages of the Temporal UI, in which texts of others (reasons, names, what a hypervisor said) stay
 * texts: they make no rows, no links and no markup. The UI renders by gomarkdown, with tables, MathJax, links made of
 * addresses, and dashes made of `--`.
 */

/** What Temporal takes for the details of a workflow, in bytes. */
export const mostOfPage = 20_000;
/** One text of others on a page; the workflow's result has the whole of it. */
const mostOfText = 1500;

/** Text from outside as it is, in one line. @param most characters of it; default 1,500 */
export function escaped(text: string, most = mostOfText): string {
  return inOneLine(text, most)
    .replaceAll(/[\\`*_{}[\]|&<>~^$]/g, String.raw`\$&`)
    .replaceAll(/:(?=\/\/)|(?<=mailto):/gi, String.raw`\:`)
    .replaceAll('--', String.raw`\-\-`);
}

/** What a person types, or an id. */
export function inCode(text: string): string {
  return `\`${inOneLine(text.replaceAll(/[`|]/g, ' '), mostOfText)}\``;
}

/** @param rows cells in markdown, without line ends */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (cell === '' ? '-' : cell)).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** A link whose text is a text of others. @param path as `ui-paths.ts` makes it */
export function link(text: string, path: string): string {
  return `[${escaped(text)}](${path})`;
}

/**
 * A page of paragraphs, tables and lists, cut at the end of a line where it is longer than Temporal takes.
 * @param last stays whole, up to half of a page: how it ended, and what to do
 */
export function pageOf(parts: readonly (string | undefined)[], last?: string): string {
  const paragraphs = (some: readonly (string | undefined)[]): string =>
    some.filter((part) => part !== undefined && part !== '').join('\n\n');
  const whole = paragraphs([...parts, last]);
  if (bytesOf(whole) <= mostOfPage) return whole;
  const end = paragraphs([
    'There is more than a page takes; the history of the workflow has it all.',
    last && cut(last, mostOfPage / 2),
  ]);
  return paragraphs([cut(paragraphs(parts), mostOfPage - bytesOf(end) - 2), end]);
}

/** At most so many bytes of it, to the end of a line. */
function cut(text: string, most: number): string {
  if (bytesOf(text) <= most) return text;
  const lines: string[] = [];
  let left = most;
  for (const line of text.split('\n')) {
    left -= bytesOf(line) + 1;
    if (left < 0) break;
    lines.push(line);
  }
  return lines.join('\n');
}

function inOneLine(text: string, most: number): string {
  // oxlint-disable-next-line no-control-regex -- those are what is to be taken out
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  if (line.length <= most) return line;
  // A cut pair of surrogates would be no text any more.
  return `${line.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
