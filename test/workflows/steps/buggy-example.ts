/** `giveDisk` of `example.ts` with a bug between two steps. */
import { giveDiskWith, type GiveDiskInput } from './example.ts';

export function giveDisk(input: GiveDiskInput): Promise<unknown> {
  return giveDiskWith(input, () => {
    throw new TypeError('disk is undefined');
  });
}
