/** `drover get ... --watch`: the list, and then every row that changes, comes or goes, as `kubectl get -w` prints it. */
import type { Item, Listing } from './listing.ts';
import { documentText, GrowingTable, type Format } from './output.ts';
import { printable } from './printable.ts';
import { untilInterrupted } from './pace.ts';

export interface Change {
  readonly event: 'added' | 'changed' | 'gone';
  readonly item: Item;
}

/** What is another than before; those that are gone come last. */
export function changesOf(before: ReadonlyMap<string, Item>, now: readonly Item[]): Change[] {
  const left = new Set(now.map(({ id }) => id));
  return [
    ...now.flatMap((item): Change[] => {
      const earlier = before.get(item.id);
      if (!earlier) return [{ event: 'added', item }];
      return earlier.looks === item.looks ? [] : [{ event: 'changed', item }];
    }),
    ...[...before.values()]
      .filter(({ id }) => !left.has(id))
      .map((item): Change => ({ event: 'gone', item })),
  ];
}

/**
 * Prints until Ctrl-C. For programs each change is a document: a line of JSON, or YAML after `---`, with `event` and
 * `object`; the list that it begins with is `added`.
 */
export async function keepListing(
  list: () => Promise<Listing>,
  { output, everyMs }: { readonly output: Format; readonly everyMs: number },
): Promise<void> {
  let table: GrowingTable | undefined;
  let before: ReadonlyMap<string, Item> = new Map();
  let said = '';
  const say = (text: string): void => {
    if (text !== said && text !== '') console.error(text);
    said = text;
  };
  const look = async (): Promise<void> => {
    const listing = await list();
    const changes = changesOf(before, listing.items);
    before = new Map(listing.items.map((item) => [item.id, item]));
    if (output === 'table') {
      if (table) for (const change of changes) table.add(rowOf(change));
      else table = new GrowingTable([['EVENT', ...listing.head], ...changes.map(rowOf)]);
    } else
      for (const change of changes)
        console.log(documentText(output, { event: change.event, object: change.item.data }));
    say(listing.notes.map(printable).join('\n'));
  };
  await untilInterrupted(everyMs, look, (message) => say(printable(message)));
}

function rowOf({ event, item }: Change): string[] {
  return [event, ...item.row];
}
