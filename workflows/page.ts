/** The page of an operation in the Temporal UI: its current details, as a table of names and values. */
import { setCurrentDetails } from '@temporalio/workflow';
import { pageTable } from './page-table.ts';

/** Shows a table in the place of what was shown before; rows without a value are left out. */
export function showTable(title: string, rows: Readonly<Record<string, string | undefined>>): void {
  const known = Object.entries(rows).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  setCurrentDetails(pageTable(title, known));
}
