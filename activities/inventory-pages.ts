/**
 * A listing in pieces: Temporal refuses a payload above 2 MiB, which some 10,000 VMs fill, and a worker whose answer
 * is refused for that tries again without end.
 */
import type { InventoryHost, InventoryPart } from '../model/inventory.ts';

/** Hosts of a listing, and what to ask for next; `more` is absent after the last. */
export interface InventoryPage {
  readonly hosts: readonly InventoryHost[];
  readonly more?: InventoryPart;
}

/**
 * The next hosts of a listing that is in the order of their names, as many as fit.
 * @param mostBytes of JSON; a page has one host at least, whatever it takes
 */
export function pageOf(
  listing: readonly InventoryHost[],
  { datacenter, after }: InventoryPart,
  mostBytes: number,
): InventoryPage {
  const rest = after === undefined ? listing : listing.filter(({ name }) => name.localeCompare(after) > 0);
  let bytes = 0;
  const tooMany = rest.findIndex((host, at) => {
    bytes += Buffer.byteLength(JSON.stringify(host));
    return at > 0 && bytes > mostBytes;
  });
  if (tooMany < 0) return { hosts: rest };
  const hosts = rest.slice(0, tooMany);
  const last = hosts.at(-1);
  return { hosts, ...(last ? { more: { datacenter, after: last.name } } : {}) };
}
