/** Names that are like one that nobody knows: what the person may have meant. */
import { distanceOf } from '../settings/known-keys.ts';
import { compareNaturally } from './natural-order.ts';

/** The nearest first, three at most; of a third of the name's letters, at least two may differ. */
export function nearNames(unknown: string, known: readonly string[]): string[] {
  const most = Math.max(2, Math.floor(unknown.length / 3));
  return (
    [...new Set(known)]
      .map((name) => ({
        name,
        distance: distanceOf(unknown.toLowerCase(), name.toLowerCase()),
      }))
      .filter(({ distance }) => distance <= most)
      // Of equals, the one that begins alike: the first letter is seldom the wrong one.
      .map((near) => ({ ...near, distance: near.distance + (near.name[0] === unknown[0] ? 0 : 0.5) }))
      .toSorted((a, b) => a.distance - b.distance || compareNaturally(a.name, b.name))
      .slice(0, 3)
      .map(({ name }) => name)
  );
}

/** `; did you mean web1 or web2?`, or nothing where nothing is like it. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  const near = nearNames(unknown, known);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}
