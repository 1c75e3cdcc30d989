/** A page of the Temporal UI as a table of two columns. */

/** Temporal takes so many characters. */
export const mostOfPage = 20_000;

/** @returns markdown, cut where a page ends: at 20,000 characters */
export function pageTable(title: string, rows: readonly (readonly [name: string, value: string])[]): string {
  const table = rows.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`).join('\n');
  return `| ${title} | |\n|---|---|\n${table}`.slice(0, mostOfPage);
}

/** Text from outside as one table cell: no new rows, no markup. */
export function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[|`<>*_[\]]/g, (found) => `\\${found}`);
}
