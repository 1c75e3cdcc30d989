/** Names in the order in which a person counts them. */
const natural = new Intl.Collator('en', { numeric: true });

/** host2 before host10. */
export function compareNaturally(left: string, right: string): number {
  return natural.compare(left, right);
}
