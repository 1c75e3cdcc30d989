/** Many questions at once, but not all: a worker has other work too. */

/** Calls `ask` for each item, at most so many at a time; the answers are in the order of the items. */
export async function inLanes<T, R>(
  most: number,
  items: readonly T[],
  ask: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of rest) answers[at] = await ask(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  return answers;
}
