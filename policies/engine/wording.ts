/** How numbers and lists read in reasons. */

/** A number with at most two decimals, below 1 with three: 2048, 1.5, 0.398. */
export function plain(amount: number): string {
  const digits = Math.abs(amount) < 1 ? 1000 : 100;
  return String(Math.round(amount * digits) / digits);
}

/** A number with its unit in the right number: "1 core", "1.5 cores", "0 VMs". */
export function counted(amount: number, unit: string): string {
  const number = plain(amount);
  return number === '1' ? `1 ${unit}` : `${number} ${unit}s`;
}

/** Names as a person lists them: "a", "a and b", "a, b and c". */
export function listed(names: readonly string[], last = 'and'): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}

/** Order of names by their code units: the same on every machine, whatever its locale. */
export function compareNames(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
