/** The kind of thing that a verb is about; one of it and many of it are the same kind. */
import { Argument, InvalidArgumentError } from 'commander';
import { didYouMean } from '../near-names.ts';

/** @param kinds as the help and completion show them, all plural or all singular */
export function kindArgument(kinds: readonly string[], description: string): Argument {
  const singular = (kind: string): string => kind.replace(/s$/, '');
  return new Argument('<kind>', description).choices(kinds).argParser((typed: string) => {
    const found = kinds.find((kind) => singular(kind) === singular(typed.toLowerCase()));
    if (found === undefined)
      throw new InvalidArgumentError(`Allowed choices are ${kinds.join(', ')}${didYouMean(typed, kinds)}`);
    return found;
  });
}
