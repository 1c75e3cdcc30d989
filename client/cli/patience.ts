/** A word to a person who waits for hosts or workers: silence looks like a hang. */

/** An answer that comes sooner needs no word. */
const silentMs = 3000;

/**
 * Awaits an answer; where it takes long, says on standard error what is waited for.
 * @param what `the workers to ask every host; given up after 30 s`
 */
export async function patiently<T>(what: string, answer: Promise<T>): Promise<T> {
  const timer = setTimeout(() => console.error(`waiting for ${what} ...`), silentMs);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}

/** The texts of what verbs wait for. */
export const awaited = {
  list: 'the workers, which ask; a host that stays silent is left out, workers that do are given up after 30 s',
  described: 'the workers, which remember; given up after 30 s',
  check: 'a worker to check the move, which changes nothing; Ctrl-C ends the wait',
} as const;
