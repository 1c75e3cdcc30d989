/**
 * Where a VM is by a person's word, for what hosts can't say that do not answer. Hosts that do answer are believed
 * before any word: it is taken only where nothing that was seen speaks against it, and nothing is touched.
 */
import { inWords, sortCopies, type Copy } from './copies.ts';

export type WordTaken =
  /** `leftovers`: copies elsewhere that do not run, for a person to clear away. */
  | { readonly kind: 'taken'; readonly reason: string; readonly leftovers: readonly Copy[] }
  /** What was seen speaks against it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It runs there, and somewhere else too. */
  | { readonly kind: 'several'; readonly copies: readonly Copy[]; readonly reason: string };

/**
 * @param runsOn the host that the person names
 * @param copies what the hosts that answered have of the VM
 * @param silent hosts that did not answer: the word covers them
 */
export function byWord(runsOn: string, copies: readonly Copy[], silent: readonly string[]): WordTaken {
  const elsewhere = copies.filter(({ host }) => host !== runsOn);
  const there = copies.find(({ host }) => host === runsOn);
  const others = sortCopies(elsewhere);
  const own = sortCopies(there ? [there] : []);
  if (others.running.length > 0) {
    if (own.running.length > 0)
      return { kind: 'several', copies, reason: `two copies run: ${inWords(copies)}` };
    return refused(`it runs elsewhere: ${inWords(copies)}`);
  }
  const changing = [...own.changing, ...others.changing];
  if (changing.length > 0) return refused(`something is under way: ${inWords(changing)}`);
  const covers = silent.filter((host) => host !== runsOn);
  const word = covers.length > 0 ? `, and by your word not on ${covers.join(', ')}, without an answer` : '';
  if (silent.includes(runsOn)) {
    // A halted copy has the memory of the VM, unless it ran on at the host that can't be asked: so the person says.
    const seen = elsewhere.length > 0 ? `; seen were ${inWords(elsewhere)}` : '';
    return taken(`on ${runsOn} by your word, without its answer${seen}${word}`);
  }
  if (!there) return refused(`${runsOn} answers, and has no such VM`);
  if (own.defined.length > 0 && others.halted.length > 0)
    return refused(`only its definition is there, and elsewhere a live copy: ${inWords(copies)}`);
  return taken(`${inWords([there])}${word}`);

  function taken(reason: string): WordTaken {
    return { kind: 'taken', reason, leftovers: elsewhere };
  }
}

function refused(reason: string): WordTaken {
  return { kind: 'refused', reason };
}
