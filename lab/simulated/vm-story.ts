/** What the referee remembers of one VM: its copies, how far its guest has come, and why it stands still. */
import type { Cause, CopyView, GuestClock, JournalEntry } from './journal.ts';

export type CopyEntry = Extract<JournalEntry, { kind: 'copy' }>;

/** One host's copy, as it was told last. */
export interface KnownCopy {
  readonly view: CopyView;
  /** When it was told. */
  readonly atMs: number;
  /** Since when it has had its state, and who brought it there. */
  readonly sinceMs: number;
  readonly cause: Cause;
}

/** Something that happened on a host, by somebody. */
export interface Deed {
  readonly host: string;
  readonly atMs: number;
  readonly cause: Cause;
}

export class VmStory {
  readonly vm: string;
  readonly copies = new Map<string, KnownCopy>();
  /** The furthest that any copy that ran has come, as of the last that was told. */
  #reached: GuestClock | undefined;
  /** When it stopped running last, on its last host; absent while it runs, or before it ever did. */
  stopped: Deed | undefined;
  /**
   * The person or the fault by which it stands still: `pause` explains a VM that is paused, `end` also one that is
   * off. What Drover does explains nothing.
   */
  excuse: (Deed & { readonly covers: 'pause' | 'end' }) | undefined;
  /**
   * The person who paused it, while no migration was moving it: wherever it goes, it is to stay so. libvirt can't tell
   * a pause that comes while it moves from the migration's own.
   */
  paused: Deed | undefined;
  /**
   * Who took its definition away: the last one, or, a person, that of a copy that is live. A move that is under way then
   * takes the other away by itself. Absent from when it gets one on a further host.
   */
  undefinedBy: Deed | undefined;
  /** The last that was told of a copy that its host no longer knows. */
  gone: Deed | undefined;
  /** Boots past the first, not ordered by a person, of which no operation has told yet. */
  readonly unexplainedBoots: (Deed & { readonly boot: number })[] = [];

  constructor(vm: string) {
    this.vm = vm;
  }

  get hasRun(): boolean {
    return this.#reached !== undefined;
  }

  get isDefined(): boolean {
    return [...this.copies.values()].some(({ view }) => view.persistent);
  }

  /** Copies that run now, but for that of one host. */
  runningBeside(host?: string): KnownCopy[] {
    return [...this.copies.values()].filter(({ view }) => runs(view) && view.host !== host);
  }

  /** The furthest that any copy that ran has come by now; a copy that runs has gone on since it was told. */
  reachedBy(nowMs: number): GuestClock | undefined {
    return this.runningBeside().reduce(
      (reached, copy) => further(reached, clockAt(copy, nowMs)),
      this.#reached,
    );
  }

  /** Takes in what is told of a copy. */
  follow({ copy, cause, atMs }: CopyEntry): void {
    const before = this.copies.get(copy.host);
    const deed: Deed = { host: copy.host, atMs, cause };
    this.#count(before, copy, deed);
    this.#excuse(before, copy, deed);
    this.#heedPause(before, copy, deed);
    const isSame = before?.view.state === copy.state && before.view.reason === copy.reason;
    if (copy.state === 'gone') this.copies.delete(copy.host);
    else
      this.copies.set(copy.host, {
        view: copy,
        atMs,
        sinceMs: isSame ? before.sinceMs : atMs,
        cause: isSame ? before.cause : cause,
      });
    if (copy.state === 'gone') this.gone = deed;
    this.#countDefinitions(before, copy, deed);
  }

  #countDefinitions(before: KnownCopy | undefined, copy: CopyView, deed: Deed): void {
    const had = before?.view.persistent === true;
    if (copy.persistent && !had) this.undefinedBy = undefined;
    if (copy.persistent || !had) return;
    if (deed.cause.kind === 'person' && isActive(before.view)) this.undefinedBy = deed;
    else if (!this.isDefined) this.undefinedBy ??= deed;
  }

  /** How far it has come, and when it stopped. */
  #count(before: KnownCopy | undefined, copy: CopyView, deed: Deed): void {
    const ran = before !== undefined && runs(before.view);
    if (runs(copy)) {
      const isNewBoot = this.#reached && copy.guest && copy.guest.boot > this.#reached.boot;
      if (!ran && isNewBoot && deed.cause.kind !== 'person')
        this.unexplainedBoots.push({ ...deed, boot: copy.guest.boot });
      this.stopped = undefined;
    } else if (ran && this.runningBeside(copy.host).length === 0) this.stopped = deed;
    if (ran) this.#reached = further(this.#reached, copy.guest ?? clockAt(before, deed.atMs));
    if (runs(copy)) this.#reached = further(this.#reached, copy.guest);
  }

  #heedPause(before: KnownCopy | undefined, copy: CopyView, deed: Deed): void {
    const { kind } = deed.cause;
    if (runs(copy)) this.paused = undefined;
    else if (!before || isHalf(before.view)) return;
    else if (!isActive(copy) && (kind === 'person' || kind === 'fault')) this.paused = undefined;
    else if (
      kind === 'person' &&
      runs(before.view) &&
      copy.state === 'paused' &&
      before.view.job === undefined
    )
      this.paused = deed;
  }

  /** Whether a person or a fault has just made it stand still, or has ended the copy from which it could have gone on. */
  #excuse(before: KnownCopy | undefined, copy: CopyView, deed: Deed): void {
    if (runs(copy)) this.excuse = undefined;
    else if (deed.cause.kind !== 'person' && deed.cause.kind !== 'fault') return;
    // The half of a migration is no copy to go on from, and neither is one that was told to quit.
    else if (
      !before ||
      !isActive(before.view) ||
      isHalf(before.view) ||
      before.view.state === 'shutting down'
    )
      return;
    else if (this.runningBeside(copy.host).length > 0) return;
    else if (!isActive(copy) || copy.state === 'shutting down') this.excuse = { ...deed, covers: 'end' };
    else if (runs(before.view)) this.excuse = { ...deed, covers: 'pause' };
  }
}

export function runs({ state }: CopyView): boolean {
  return state === 'running';
}

/** Whether a process of the hypervisor holds it. */
export function isActive({ state }: CopyView): boolean {
  return state === 'running' || state === 'paused' || state === 'shutting down';
}

/** Whether a migration still fills it. */
export function isHalf({ job }: CopyView): boolean {
  return job === 'in';
}

function clockAt({ view, atMs }: KnownCopy, nowMs: number): GuestClock | undefined {
  return view.guest && { boot: view.guest.boot, uptimeMs: view.guest.uptimeMs + nowMs - atMs };
}

function further(a: GuestClock | undefined, b: GuestClock | undefined): GuestClock | undefined {
  if (!a || !b) return a ?? b;
  if (a.boot !== b.boot) return a.boot > b.boot ? a : b;
  return a.uptimeMs >= b.uptimeMs ? a : b;
}
