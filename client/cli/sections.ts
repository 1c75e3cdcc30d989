/** Sections of names and values, as kubectl's `describe` prints them. */
import { tableOf } from './output.ts';
import { printable } from './printable.ts';

export interface Section {
  readonly title: string;
  /** A text, names with values (absent ones are left out), or a table whose first row is its head. */
  readonly body: string | Readonly<Record<string, string | undefined>> | readonly (readonly string[])[];
}

/** The first section's title is not printed: its rows are those of the thing itself. */
export function sectionsText(sections: readonly Section[]): string {
  return sections
    .map(({ title, body }, at) => {
      if (at === 0 && !isTable(body) && typeof body !== 'string') return valuesText(body);
      if (typeof body === 'string') return `${title}: ${printable(body)}`;
      const text = isTable(body) ? tableOf(body) : valuesText(body);
      return `${title}:\n${text.replaceAll(/^/gm, '  ')}`;
    })
    .join('\n\n');
}

function isTable(body: Section['body']): body is readonly (readonly string[])[] {
  return Array.isArray(body);
}

function valuesText(values: Readonly<Record<string, string | undefined>>): string {
  return tableOf(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[`${name}:`, value]])),
  );
}
