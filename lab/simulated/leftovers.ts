/** What is left over of a VM beside the copy that counts. */
import { causeInWords, copyInWords, inMs, type Charge } from './conviction.ts';
import { isActive, isHalf, runs, type KnownCopy, type VmStory } from './vm-story.ts';

/** A host as the referee knows it. */
export interface KnownHost {
  readonly state: 'up' | 'dead' | 'off' | 'frozen';
  readonly memoryMiB: number;
  /** When it came up after it had been dead or off; absent: it never was, or still is. */
  readonly returnedAtMs?: number;
}

/**
 * Convicts every copy but the one that counts: one that stands still, a second definition. A second running copy is
 * convicted as `twoRunning` when it begins, and what a migration still has under way by `unfinishedOf`.
 *
 * A definition that lies, shut off, where a host is down, or where it lay when its host came up again and nobody has
 * touched it since, is no leftover: an operation can't wait for a host that may never return, and whoever takes it back
 * into service clears it. That is failover's business; an operation that does touch it answers for it again.
 */
export function leftoversOf(story: VmStory, hosts: ReadonlyMap<string, KnownHost>): Charge[] {
  const copies = [...story.copies.values()];
  const counts = whichCounts(copies);
  return copies
    .filter(
      (copy) =>
        copy !== counts && !isHalf(copy.view) && !runs(copy.view) && !isFromBeforeItsHostFell(copy, hosts),
    )
    .map((copy) =>
      chargeBeside(story, copy, isActive(copy.view) ? 'a second copy' : 'a second definition', counts),
    );
}

/**
 * Convicts what a migration has still under way: its half at the target, its job at the source. Nobody can be asked to
 * look at that: it changes while he looks.
 */
export function unfinishedOf(story: VmStory, hosts: ReadonlyMap<string, KnownHost>): Charge[] {
  const copies = [...story.copies.values()];
  const counts = whichCounts(copies);
  const halves = copies
    .filter((copy) => isHalf(copy.view) && !isFromBeforeItsHostFell(copy, hosts))
    .map((copy) => chargeBeside(story, copy, 'the half of a migration', counts));
  const jobs = copies
    .filter(({ view }) => view.job === 'out')
    .map((copy) =>
      charge(
        story,
        copy,
        'a job',
        `a migration of ${story.vm} is still under way: its source is ${inWords(copy)}`,
      ),
    );
  return [...halves, ...jobs];
}

function chargeBeside(story: VmStory, copy: KnownCopy, what: string, counts: KnownCopy | undefined): Charge {
  const counting = counts ? `beside the one that is ${copyInWords(counts.view)}` : 'with no other';
  return charge(story, copy, what, `${what} of ${story.vm} is left: it is ${inWords(copy)}, ${counting}`);
}

/** The copy that runs; else the one that has come furthest; else the definition that was touched last. */
function whichCounts(copies: readonly KnownCopy[]): KnownCopy | undefined {
  return copies
    .filter(({ view }) => !isHalf(view))
    .toSorted(
      (a, b) =>
        Number(runs(b.view)) - Number(runs(a.view)) ||
        (b.view.guest?.boot ?? 0) - (a.view.guest?.boot ?? 0) ||
        (b.view.guest?.uptimeMs ?? 0) - (a.view.guest?.uptimeMs ?? 0) ||
        b.atMs - a.atMs,
    )[0];
}

function isFromBeforeItsHostFell({ view, atMs }: KnownCopy, hosts: ReadonlyMap<string, KnownHost>): boolean {
  const host = hosts.get(view.host);
  if (host?.state === 'dead' || host?.state === 'off') return true;
  return host?.returnedAtMs !== undefined && atMs <= host.returnedAtMs;
}

function inWords({ view, sinceMs, cause }: KnownCopy): string {
  return `${copyInWords(view)} since ${inMs(sinceMs)}, by ${causeInWords(cause)}`;
}

function charge({ vm }: VmStory, { view, sinceMs }: KnownCopy, what: string, message: string): Charge {
  return {
    key: `${vm} ${view.host} ${what} ${sinceMs}`,
    kind: 'leftover',
    vm,
    host: view.host,
    atMs: sinceMs,
    message,
  };
}
