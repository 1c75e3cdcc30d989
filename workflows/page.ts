/** A page of the Temporal UI: the current details of a workflow, as a table of names and values. */
import { setCurrentDetails } from '@temporalio/workflow';

/** Shows a table in the place of what was shown before; rows without a value are left out. */
export function showTable(title: string, rows: Readonly<Record<string, string | undefined>>): void {
  const shown = Object.entries(rows).flatMap(([name, value]) =>
    value === undefined ? [] : [`| ${name} | ${cell(value)} |`],
  );
  setCurrentDetails(`| ${title} | |\n|---|---|\n${shown.join('\n')}`.slice(0, 20_000));
}

/** Text from outside as one table cell: no new rows, no markup. */
function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[|`<>*_[\]]/g, (found) => `\\${found}`);
}
