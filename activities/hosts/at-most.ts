/** Many questions at once, but not all: a thousand connections opened in one moment are refused or time out. */

/** Calls `act` for each item, at most so many at a time; the answers are in the order of the items. */
export async function atMost<T, R>(
  most: number,
  items: readonly T[],
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) answers[at] = await act(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  return answers;
}
