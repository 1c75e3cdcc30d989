/** Hosts with VMs that a test's maintenance empties: where each VM is, what can't move, what fails. */
import type { CheckMigrationAnswer, CheckMigrationRequest } from '../../activities/check-migration.ts';
import type {
  PlanEvacuationAnswer,
  PlanEvacuationRequest,
} from '../../activities/evacuation/plan-evacuation.ts';
import type { MoveVmReport, MoveVmRequest } from '../../activities/move-vm.ts';
import type { EvacuationPlan, PlannedMove } from '../../model/evacuation.ts';
import { foundAs, moved, type StandIns } from './stand-in-worker.ts';

export class MaintainedWorld {
  readonly at = new Map<string, string>();
  readonly targets: string[];
  /** VMs that can't move, and why. */
  readonly blocked = new Map<string, string>();
  /** Hosts that take no VM when it is tried. */
  readonly broken = new Set<string>();
  /** Moves wait until the test lets them end. */
  isHeld = false;
  /** Moves under way, by VM. */
  readonly underWay = new Map<
    string,
    { readonly from: string; readonly to: string; readonly end: () => void }
  >();
  /** The most moves at a time: in all, from one host, to one. */
  readonly most = { all: 0, out: 0, in: 0 };
  plans = 0;

  /** @param vms by host */
  constructor(vms: Readonly<Record<string, readonly string[]>>, targets: readonly string[]) {
    for (const [host, names] of Object.entries(vms)) for (const name of names) this.at.set(name, host);
    this.targets = [...targets];
  }

  readonly standIns: StandIns = {
    planEvacuation: async (request) => this.#plan(request),
    planReturn: async ({ vms }): Promise<EvacuationPlan> => ({
      moves: vms.flatMap(({ vm, back }) => {
        const from = this.at.get(vm);
        return from === undefined || this.blocked.has(vm) ? [] : [moveOf(vm, from, back)];
      }),
      unplaced: vms.flatMap(({ vm }) => {
        const reason = this.blocked.get(vm);
        return reason === undefined ? [] : [{ vm, from: this.at.get(vm) ?? '', reason }];
      }),
    }),
    checkMigration: async (request) => this.#check(request),
    moveVm: async (request) => await this.#move(request),
  };

  /** Lets the moves that are under way end, and none that comes wait. */
  release(): void {
    this.isHeld = false;
    for (const { end } of this.underWay.values()) end();
  }

  on(host: string): string[] {
    return [...this.at].flatMap(([vm, where]) => (where === host ? [vm] : [])).toSorted();
  }

  #plan({ hosts, tried, leaveOut }: PlanEvacuationRequest): PlanEvacuationAnswer {
    this.plans++;
    const left = [...this.at].flatMap(([vm, host]) =>
      hosts.includes(host) && !this.underWay.has(vm) ? [{ vm, host }] : [],
    );
    const movable = left.filter(({ vm }) => !this.blocked.has(vm) && !leaveOut.includes(vm));
    const targetOf = (vm: string): string | undefined =>
      this.targets.find((host) => !(tried[vm] ?? []).includes(host));
    return {
      plan: {
        moves: movable.flatMap(({ vm, host }) => {
          const to = targetOf(vm);
          return to === undefined ? [] : [moveOf(vm, host, to)];
        }),
        unplaced: movable.flatMap(({ vm, host }) =>
          targetOf(vm) === undefined ? [{ vm, from: host, reason: 'no host takes it' }] : [],
        ),
      },
      blocked: left.flatMap(({ vm, host }) => {
        const message = this.blocked.get(vm);
        return message === undefined
          ? []
          : [{ vm, from: host, findings: [{ severity: 'error', code: 'diskLocal', message } as const] }];
      }),
      left,
      silentHosts: [],
      coverage: [],
    };
  }

  #check({ vm, to, onlyFrom }: CheckMigrationRequest): CheckMigrationAnswer {
    const from = this.at.get(vm);
    const found = foundAs(vm);
    if (from === undefined || found.kind !== 'found') return { kind: 'elsewhere', silentHosts: [] };
    const hasLeft = onlyFrom !== undefined && !onlyFrom.includes(from);
    return {
      ...found,
      from,
      ...(to === undefined ? {} : { to }),
      findings: hasLeft ? [{ severity: 'warning', code: 'leftAlready', message: `${vm} is on ${from}` }] : [],
    };
  }

  async #move({ vm: { name }, from, to }: MoveVmRequest): Promise<MoveVmReport> {
    await new Promise<void>((end) => {
      this.underWay.set(name, { from, to, end });
      this.#count(from, to);
      if (!this.isHeld) setTimeout(end, 5);
    });
    this.underWay.delete(name);
    if (this.broken.has(to))
      return {
        ...moved,
        outcome: 'stayed',
        reason: `${name} runs on ${from}`,
        cause: `${to} is broken`,
        fault: 'target',
      };
    this.at.set(name, to);
    return { ...moved, reason: `${name} runs on ${to}` };
  }

  #count(from: string, to: string): void {
    const all = [...this.underWay.values()];
    this.most.all = Math.max(this.most.all, all.length);
    this.most.out = Math.max(this.most.out, all.filter((one) => one.from === from).length);
    this.most.in = Math.max(this.most.in, all.filter((one) => one.to === to).length);
  }
}

function moveOf(vm: string, from: string, to: string): PlannedMove {
  return { vm, from, to, memoryMiB: 1024, after: [], together: [] };
}
