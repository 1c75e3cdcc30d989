/**
 * Where a VM is, by what every host says of it: for a lease that was left in doubt without a move under way, and after
 * a move of which neither host has a live copy any more. Nothing is touched; what can't be said is left to a person.
 */
import { inWords, sortCopies, type Copy } from './copies.ts';

export type Whereabouts =
  /** `leftovers`: copies elsewhere that do not run, for a person to clear away. */
  | {
      readonly kind: 'at';
      readonly host: string;
      readonly reason: string;
      readonly leftovers: readonly Copy[];
    }
  /** Two copies run, or may: a person has to end one. */
  | { readonly kind: 'several'; readonly copies: readonly Copy[]; readonly reason: string }
  /** It can't be said yet, or not without a person's word. */
  | { readonly kind: 'unclear'; readonly reason: string }
  /** Every host answered, and none has it. */
  | { readonly kind: 'nowhere' };

/**
 * @param copies what the hosts that answered have of it
 * @param silent hosts that did not answer and may have it
 */
export function whereabouts(copies: readonly Copy[], silent: readonly string[]): Whereabouts {
  const { running, halted, defined, changing } = sortCopies(copies);
  if (running.length > 1)
    return { kind: 'several', copies: running, reason: `two copies run: ${inWords(running)}` };
  if (changing.length > 0) return { kind: 'unclear', reason: `something is under way: ${inWords(copies)}` };
  if (silent.length > 0) {
    const seen = copies.length > 0 ? inWords(copies) : 'no host that answers has it';
    return { kind: 'unclear', reason: `${seen}; not known of ${silent.join(', ')}, without an answer` };
  }
  // One that runs is the VM; without one, a halted copy has memory that a definition lacks.
  for (const alike of [running, halted, defined]) {
    const [only, another] = alike;
    if (another) return { kind: 'unclear', reason: `which of these is the VM? ${inWords(alike)}` };
    if (only)
      return {
        kind: 'at',
        host: only.host,
        reason: inWords([only]),
        leftovers: copies.filter((copy) => copy !== only),
      };
  }
  return { kind: 'nowhere' };
}
