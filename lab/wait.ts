import { setTimeout as pause } from 'node:timers/promises';
import { LabError, messageOf } from './errors.ts';

/** What a look at the world brought: the value waited for, or what was there instead. */
export type Look<T> = { readonly value: T } | { readonly seen: string };

/**
 * Looks until the value is there.
 *
 * @param what - completes the sentence "waited 30 s for ..."
 * @throws LabError with what was last seen, when the limit has passed. An exception of `look` counts as seen,
 * save a `LabError`, which ends the wait: it says that waiting is of no use.
 */
export async function waitFor<T>(
  what: string,
  limitSeconds: number,
  look: () => Promise<Look<T>> | Look<T>,
): Promise<T> {
  const end = performance.now() + limitSeconds * 1000;
  for (;;) {
    let seen: string;
    try {
      const found = await look();
      if ('value' in found) return found.value;
      seen = found.seen;
    } catch (error) {
      if (error instanceof LabError) throw error;
      seen = messageOf(error);
    }
    if (performance.now() > end)
      throw new LabError(`waited ${limitSeconds} s for ${what}; last seen: ${seen}`);
    await pause(20);
  }
}
