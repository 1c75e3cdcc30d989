/** What became of each VM of a maintenance: plain data, that the operation takes along when it continues as new. */
import type { PlannedMove } from '../model/evacuation.ts';
import {
  vmVerdicts,
  type MaintainHostsStatus,
  type VmOfMaintenance,
  type VmVerdict,
} from '../model/maintain-hosts.ts';

/** Hosts that are tried for one VM, before a person is told and it is tried anew. */
const mostTargets = 3;

/** A VM with what is remembered of it beside what is shown. */
export interface Entry extends VmOfMaintenance {
  /** Hosts that could not take it. */
  readonly tried: readonly string[];
}

export class Ledger {
  readonly #entries: Map<string, Entry>;

  constructor(entries: readonly Entry[] = []) {
    this.#entries = new Map(entries.map((entry) => [entry.vm, entry]));
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** As they are shown. */
  get vms(): readonly VmOfMaintenance[] {
    return this.entries.map(({ tried, ...shown }) => (tried.length === 0 ? shown : { ...shown, tried }));
  }

  get counts(): MaintainHostsStatus['counts'] {
    return Object.fromEntries(
      vmVerdicts.flatMap((verdict) => {
        const count = this.with(verdict).length;
        return count === 0 ? [] : [[verdict, count]];
      }),
    );
  }

  get(vm: string): Entry | undefined {
    return this.#entries.get(vm);
  }

  with(...verdicts: readonly VmVerdict[]): readonly Entry[] {
    return this.entries.filter(({ verdict }) => verdicts.includes(verdict));
  }

  /**
   * What a look at the hosts has shown, and the plan that was made from it. Of VMs on hosts that do not answer, and of
   * those whose moves were under way then, it says nothing: they stay as they are.
   */
  seen(
    {
      left,
      moves,
      silentHosts,
      underWay,
    }: {
      readonly left: readonly { readonly vm: string; readonly host: string }[];
      readonly moves: readonly PlannedMove[];
      readonly silentHosts: readonly string[];
      readonly underWay: readonly string[];
    },
    obstacles: ReadonlyMap<string, string>,
  ): void {
    const there = new Map(left.map(({ vm, host }) => [vm, host]));
    for (const [vm, from] of there) {
      const known = this.#entries.get(vm);
      const reason = obstacles.get(vm);
      if (known?.verdict === 'moving' || (known?.verdict === 'failed' && reason === undefined)) continue;
      const tried = known?.from === from ? known.tried : [];
      this.#entries.set(vm, {
        vm,
        from,
        tried,
        ...(reason === undefined ? { verdict: 'waiting' } : { verdict: 'blocked', reason }),
      });
    }
    const isUnseen = ({ vm, from }: Entry): boolean => silentHosts.includes(from) || underWay.includes(vm);
    for (const entry of this.with('waiting', 'blocked', 'failed'))
      if (!there.has(entry.vm) && !isUnseen(entry) && !entry.makesRoomFor)
        this.#set(entry, { verdict: 'gone', reason: 'it is not on the hosts any more, or does not run' });
    for (const { vm, from, makesRoomFor } of moves)
      if (makesRoomFor && !there.has(vm))
        this.#entries.set(vm, { vm, from, verdict: 'waiting', tried: [], makesRoomFor });
  }

  moving({ vm, to }: Pick<PlannedMove, 'vm' | 'to'>, operation: string, verdict: VmVerdict = 'moving'): void {
    const entry = this.#entries.get(vm);
    if (entry) this.#set(entry, { verdict, to, operation });
  }

  moved(vm: string, verdict: VmVerdict, downtimeMs: number | undefined): void {
    const entry = this.#entries.get(vm);
    if (entry) this.#set(entry, { verdict, ...(downtimeMs === undefined ? {} : { downtimeMs }) });
  }

  /** It left by another's doing. */
  gone(vm: string, reason: string): void {
    const entry = this.#entries.get(vm);
    if (entry) this.#set(entry, { verdict: 'gone', reason });
  }

  /**
   * A move to this host has failed.
   * @param isFinal no other host would change that
   */
  notTaken(vm: string, host: string, reason: string, isFinal: boolean): void {
    const entry = this.#entries.get(vm);
    if (!entry) return;
    const tried = [...new Set([...entry.tried, host])];
    const verdict = isFinal || tried.length >= mostTargets ? 'failed' : 'waiting';
    this.#set({ ...entry, tried }, { verdict, reason });
  }

  /** It was to go back, and is left where it is. */
  stays(vm: string, reason: string): void {
    const entry = this.#entries.get(vm);
    if (entry) this.#set(entry, { verdict: 'stays', reason });
  }

  /** What has failed is tried anew. */
  forgive(): void {
    for (const entry of this.with('failed'))
      this.#entries.set(entry.vm, { ...entry, verdict: 'waiting', tried: [] });
  }

  #set(entry: Entry, change: Partial<Entry>): void {
    const { reason: _, ...rest } = entry;
    this.#entries.set(entry.vm, { ...rest, ...change });
  }
}
