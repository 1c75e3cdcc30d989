/** Tables for people, JSON and YAML for programs. Text from outside never reaches a terminal as control characters. */
import { Option } from 'commander';
import stringWidth from 'string-width';
import { stringify } from 'yaml';
import { colored, moodOfCell } from './colors.ts';
import { printable } from './printable.ts';

export type Format = 'table' | 'json' | 'yaml';

/** `-o table|json|yaml`, table by default. */
export function outputOption(): Option {
  const formats = ['table', 'json', 'yaml'] satisfies Format[];
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('table');
}

/** Prints data in the wanted form; `rows` makes the table, its first row the head. */
export function print(format: Format, data: unknown, rows: () => readonly (readonly string[])[]): void {
  console.log(format === 'table' ? coloredTable(rows()) : dataText(format, data));
}

// oxlint-disable-next-line no-control-regex
const latinControls = /[\u007f-\u009f]/g;

/** Data for programs. A terminal that shows it obeys nothing in it: control characters are written as escapes. */
export function dataText(format: 'json' | 'yaml', data: unknown): string {
  // JSON and YAML both let U+007F to U+009F stand as they are, and some terminals take U+009B for the start of an order.
  if (format === 'json')
    return JSON.stringify(data, null, 2).replaceAll(latinControls, (found) => `\\u00${hex(found)}`);
  const text = stringify(data).trimEnd();
  if (text.search(latinControls) < 0) return text;
  return stringify(data, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' })
    .trimEnd()
    .replaceAll(latinControls, (found) => `\\x${hex(found)}`);
}

/** One document of several: a line of JSON, or YAML after `---`. */
export function documentText(format: 'json' | 'yaml', data: unknown): string {
  const text = dataText(format, data);
  // A line break within a text is written as an escape, so these here are those between values.
  return format === 'json' ? text.replaceAll(/\n\s*/g, ' ') : `---\n${text}`;
}

function hex(letter: string): string {
  return letter.charCodeAt(0).toString(16).padStart(2, '0');
}

/** Columns without borders, as kubectl and virsh print them; quick for any number of rows. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  return linesOf(cells, widthsOf(cells), (text) => text).join('\n');
}

/** The same for standard output, where it may have colors. */
export function coloredTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  return coloredLines(cells, widthsOf(cells)).join('\n');
}

/** More rows below a table that stands already: as wide as it was, and without its head. */
export class GrowingTable {
  readonly #head: readonly string[];
  readonly #widths: number[];

  /** @param first the rows that it begins with, its head before them */
  constructor(first: readonly (readonly string[])[]) {
    const cells = first.map((row) => row.map(printable));
    this.#head = cells[0] ?? [];
    this.#widths = widthsOf(cells);
    console.log(coloredLines(cells, this.#widths).join('\n'));
  }

  add(row: readonly string[]): void {
    const cells = row.map(printable);
    for (const [column, text] of cells.entries())
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, widthOf(text));
    console.log(coloredLines([this.#head, cells], this.#widths)[1]);
  }
}

type Painter = (text: string, row: number, column: number) => string;

function coloredLines(cells: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const [head = []] = cells;
  return linesOf(cells, widths, (text, row, column) => {
    const mood = row === 0 ? 'head' : moodOfCell(head[column] ?? '', text);
    return mood === undefined || text === '' ? text : colored(mood, text);
  });
}

function widthsOf(cells: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of cells)
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  return widths;
}

function linesOf(cells: readonly (readonly string[])[], widths: readonly number[], paint: Painter): string[] {
  return cells.map((row, at) =>
    row
      .map((text, column) => paint(text, at, column) + ' '.repeat((widths[column] ?? 0) - widthOf(text)))
      .join('  ')
      .trimEnd(),
  );
}

/** Columns that a text takes on a terminal; most texts are plain, and 20,000 rows have many of them. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}
