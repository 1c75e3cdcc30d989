/** Refusals that no rule knows, told to whoever operates the worker: each is worth a rule of its own. */
import type { HostRefused } from './errors.ts';

/** Told of every refusal, as it comes in from a host. */
export type OnRefusal = (refused: HostRefused) => void;

/** So many are remembered; what comes after them is told again, which harms nobody. */
const mostRemembered = 1000;

/** What differs between two refusals of one kind: names, addresses, identifiers, numbers. */
const particulars = /'[^']*'|"[^"]*"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+/gi;

/** @returns a listener that warns of each kind of refusal that no rule knows, once */
export function tellUnknownOnce(warn: (line: string) => void): OnRefusal {
  const told = new Set<string>();
  return ({ rule, code, domain, text, message }) => {
    if (rule !== undefined) return;
    const kind = `${code} ${domain ?? ''} ${text.replaceAll(particulars, '…')}`;
    if (told.has(kind)) return;
    if (told.size === mostRemembered) told.clear();
    told.add(kind);
    const from = domain === undefined ? code : `${code} of ${domain}`;
    warn(
      `a refusal that Drover has no rule for (${from}): ${message}. It is taken for doubt: hosts are asked before anything is done. Please report it with this line`,
    );
  };
}
