/** Who comes first where operations want the same VM or host. */

/** From the last to the first. A child has its parent's rank. */
export const ranks = ['scaleDown', 'balance', 'person', 'maintenance', 'failover'] as const;
export type Rank = (typeof ranks)[number];

/** Whether `a` comes before `b`. */
export function outranks(a: Rank, b: Rank): boolean {
  return ranks.indexOf(a) > ranks.indexOf(b);
}
