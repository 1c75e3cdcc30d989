/** Tables for people, JSON and YAML for programs. Text from outside never reaches a terminal as control characters. */
import Table from 'cli-table3';
import { InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';

export type Format = 'table' | 'json' | 'yaml';

/** `-o table|json|yaml`, table by default. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print')
    .default('table' satisfies Format)
    .argParser((value) => {
      if (!['table', 'json', 'yaml'].includes(value))
        throw new InvalidArgumentError('use table, json or yaml');
      return value;
    });
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

/** Columns without borders, as kubectl and virsh print them. */
export function tableOf([head, ...rows]: readonly (readonly string[])[]): string {
  const none = {
    mid: '',
    'left-mid': '',
    'mid-mid': '',
    'right-mid': '',
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    right: '',
    middle: '  ',
  };
  const table = new Table({
    head: [...(head ?? [])],
    chars: none,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(row.map(printable));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A text from outside without control characters, which could move the cursor or recolour a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD');
}
