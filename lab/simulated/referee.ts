/**
 * The referee: judges a simulated datacenter by what must always hold. What may never be so at any moment it convicts as
 * it happens; for what must have come right in the end it looks at the whole (`audit.ts`).
 */
import { AuditInput, chargesOf } from './audit.ts';
import { causeInWords, inMs, type Charge, type Conviction } from './conviction.ts';
import type { JournalEntry } from './journal.ts';
import type { KnownHost } from './leftovers.ts';
import { isActive, runs, VmStory, type CopyEntry } from './vm-story.ts';

export { AuditInput };
export type { Conviction, ConvictionKind } from './conviction.ts';

/** Clocks are read one after the other: so much is no step back. */
const epsilonMs = 1;

export class Referee {
  readonly convictions: Conviction[] = [];
  readonly #stories = new Map<string, VmStory>();
  readonly #hosts = new Map<string, KnownHost>();
  readonly #convictedOf = new Set<string>();
  #lastFault: { readonly fault: string; readonly atMs: number } | undefined;
  #nowMs = 0;

  /** To be handed every entry of the journal, from the first on. */
  observe(entry: JournalEntry): void {
    this.#nowMs = entry.atMs;
    switch (entry.kind) {
      case 'copy':
        return this.#observeCopy(entry);
      case 'host':
        return this.#observeHost(entry);
      case 'fault':
        this.#lastFault = entry;
        return;
      case 'call':
        return;
      default:
        throw new TypeError(`no such entry: ${String(entry satisfies never)}`);
    }
  }

  /**
   * The look at the whole, when nothing is open any more: every operation has ended, every fault is healed, and late
   * orders have come. May be repeated; answers every conviction so far.
   */
  audit(input: AuditInput): readonly Conviction[] {
    const found = chargesOf({
      stories: [...this.#stories.values()],
      hosts: this.#hosts,
      input,
      nowMs: this.#nowMs,
    });
    for (const charge of found) this.#convict(charge);
    return this.convictions;
  }

  #observeCopy(entry: CopyEntry): void {
    const { copy } = entry;
    const story = this.#stories.get(copy.uuid) ?? new VmStory(copy.vm);
    this.#stories.set(copy.uuid, story);
    const before = story.copies.get(copy.host)?.view;
    if (runs(copy) && !(before && runs(before))) this.#judgeRun(story, entry);
    story.follow(entry);
    if (isActive(copy) && !(before && isActive(before))) this.#judgeRoom(entry);
  }

  /** What is dead or off runs nothing, whether or not its copies were told of one by one. */
  #observeHost({ host, state, memoryMiB, cause, atMs }: Extract<JournalEntry, { kind: 'host' }>): void {
    const before = this.#hosts.get(host);
    const wasDown = before?.state === 'dead' || before?.state === 'off';
    const isDown = state === 'dead' || state === 'off';
    const returnedAtMs = wasDown && !isDown ? atMs : isDown ? undefined : before?.returnedAtMs;
    this.#hosts.set(host, { state, memoryMiB, ...(returnedAtMs === undefined ? {} : { returnedAtMs }) });
    if (!isDown) return;
    for (const story of this.#stories.values()) {
      const known = story.copies.get(host)?.view;
      if (!known || !isActive(known)) continue;
      const { guest: _, job: __, ...copy } = known;
      const left = known.persistent ? ('shut off' as const) : ('gone' as const);
      story.follow({ kind: 'copy', copy: { ...copy, state: left, reason: 'unknown' }, cause, atMs });
    }
  }

  /** A copy begins to run. */
  #judgeRun(story: VmStory, { copy, cause, atMs }: CopyEntry): void {
    const begun = `${copy.vm} begins to run on ${copy.host} at ${inMs(atMs)}, by ${causeInWords(cause)}`;
    for (const { view, sinceMs } of story.runningBeside(copy.host)) {
      this.#convict({
        key: `${copy.uuid} ${copy.host} ${view.host} ${atMs}`,
        kind: 'twoRunning',
        atMs,
        vm: copy.vm,
        host: copy.host,
        message: `${begun}, while it runs on ${view.host} since ${inMs(sinceMs)}`,
      });
    }
    const { paused } = story;
    if (paused && cause.kind !== 'person') {
      this.#convict({
        key: `${copy.uuid} ${copy.host} ${atMs}`,
        kind: 'resumedUnasked',
        atMs,
        vm: copy.vm,
        host: copy.host,
        message: `${begun}, though a person had paused it on ${paused.host} at ${inMs(paused.atMs)}`,
      });
    }
    const reached = story.reachedBy(atMs);
    const { guest } = copy;
    if (!guest || !reached) return;
    const isOlderBoot = guest.boot < reached.boot;
    const isBehind = guest.boot === reached.boot && guest.uptimeMs < reached.uptimeMs - epsilonMs;
    if (!isOlderBoot && !isBehind) return;
    const had = `boot ${reached.boot} had come to an uptime of ${inMs(reached.uptimeMs)}`;
    this.#convict({
      key: `${copy.uuid} ${copy.host} ${atMs}`,
      kind: 'staleResume',
      atMs,
      vm: copy.vm,
      host: copy.host,
      message: isOlderBoot
        ? `${begun}, in its boot ${guest.boot} of long ago: ${had}`
        : `${begun}, at an uptime of ${inMs(guest.uptimeMs)}: ${had}, so ` +
          `${inMs(reached.uptimeMs - guest.uptimeMs)} of what its users were told are undone`,
    });
  }

  /** A copy takes memory of its host. What a person starts is not Drover's to refuse; what comes on top of it is. */
  #judgeRoom({ copy, cause, atMs }: CopyEntry): void {
    const host = this.#hosts.get(copy.host);
    if (!host || cause.kind === 'person') return;
    const active = [...this.#stories.values()].flatMap(({ copies }) => {
      const view = copies.get(copy.host)?.view;
      return view && isActive(view) ? [view] : [];
    });
    const takenMiB = active.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
    if (takenMiB <= host.memoryMiB) return;
    const each = active.map(({ vm, memoryMiB }) => `${vm} ${memoryMiB}`).join(', ');
    this.#convict({
      key: `${copy.uuid} ${copy.host} ${atMs}`,
      kind: 'overCapacity',
      atMs,
      vm: copy.vm,
      host: copy.host,
      message:
        `${copy.host} has ${host.memoryMiB} MiB, and its active copies take ${takenMiB} MiB (${each}) since ` +
        `${copy.vm} came at ${inMs(atMs)}, by ${causeInWords(cause)}`,
    });
  }

  #convict({ key, ...conviction }: Charge): void {
    const whole = `${conviction.kind} ${key}`;
    if (this.#convictedOf.has(whole)) return;
    this.#convictedOf.add(whole);
    const after = this.#lastFault
      ? ` [last fault, at ${inMs(this.#lastFault.atMs)}: ${this.#lastFault.fault}]`
      : '';
    this.convictions.push({ ...conviction, message: conviction.message + after });
  }
}
