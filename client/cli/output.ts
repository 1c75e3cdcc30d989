/** Tables for people, JSON and YAML for programs. Text from outside never reaches a terminal as control characters. */
import { Option } from 'commander';
import stringWidth from 'string-width';
import { stringify } from 'yaml';

export type Format = 'table' | 'json' | 'yaml';

/** `-o table|json|yaml`, table by default. */
export function outputOption(): Option {
  const formats = ['table', 'json', 'yaml'] satisfies Format[];
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('table');
}

/** Prints data in the wanted form; `rows` makes the table, its first row the head. */
export function print(format: Format, data: unknown, rows: () => readonly (readonly string[])[]): void {
  switch (format) {
    case 'json':
      console.log(JSON.stringify(data, null, 2));
      return;
    case 'yaml':
      console.log(stringify(data).trimEnd());
      return;
    case 'table':
      console.log(tableOf(rows()));
  }
}

/** Columns without borders, as kubectl and virsh print them; quick for any number of rows. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells)
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  const padded = (text: string, column: number): string =>
    text + ' '.repeat((widths[column] ?? 0) - widthOf(text));
  return cells.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

/** Columns that a text takes on a terminal; most texts are plain, and 20,000 rows have many of them. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** A text from outside without control characters, which could move the cursor or recolour a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD');
}
