/**
 * The order of a plan's moves: carried out one after another on a copy of the herd as it is now, so that each has its
 * room, and its rules kept, when its turn comes.
 */
import type { PlannedMove, Unplaced } from '../../model/evacuation.ts';
import type { Herd, HerdVm } from '../engine/herd.ts';
import { compareNames } from '../engine/wording.ts';
import { placeUnit, unitOf } from './units.ts';

/** VMs that go to one host together. */
export interface Task {
  readonly names: readonly string[];
  readonly to: string;
  readonly makesRoomFor?: readonly string[];
}

/**
 * What makes room first, then the largest, which take longest; whatever can't go yet waits for what can. A move waits
 * for those that make room on its target and come before it.
 * @param herd as it is before the first move
 * @returns `stuck`: moves of which each would have to wait for another
 */
export function inOrder(
  herd: Herd,
  { makers, asked }: { readonly makers: readonly Task[]; readonly asked: readonly Task[] },
): { readonly moves: readonly PlannedMove[]; readonly stuck: readonly Unplaced[] } {
  let left = [...largestFirst(herd, makers), ...largestFirst(herd, asked)];
  const moves: PlannedMove[] = [];
  for (;;) {
    const waiting = left.filter((task) => {
      const made = carryOut(herd, task, moves);
      moves.push(...(made ?? []));
      return !made;
    });
    if (waiting.length === 0 || waiting.length === left.length)
      return { moves, stuck: waiting.flatMap((task) => stuck(herd, task)) };
    left = waiting;
  }
}

function carryOut(
  herd: Herd,
  task: Task,
  before: readonly PlannedMove[],
): readonly PlannedMove[] | undefined {
  const { names, makesRoomFor } = task;
  const vms = names.map((name) => herd.vm(name));
  const homes = new Map(vms.map((vm) => [vm, vm.home]));
  const to = herd.findHost(task.to);
  for (const vm of vms) herd.remove(vm);
  if (!to || !placeUnit(herd, unitOf(vms), to, () => true)) {
    for (const [vm, home] of homes) if (home) herd.place(vm, home);
    return undefined;
  }
  const after = before.filter((move) => move.makesRoomFor && move.from === task.to).map(({ vm }) => vm);
  return vms.map((vm) => ({
    vm: vm.name,
    from: homes.get(vm)?.name ?? '',
    to: to.name,
    memoryMiB: vm.facts.memoryMiB,
    after,
    together: names.filter((name) => name !== vm.name),
    ...(makesRoomFor ? { makesRoomFor } : {}),
  }));
}

function largestFirst(herd: Herd, tasks: readonly Task[]): Task[] {
  const sizeOf = ({ names }: Task): number =>
    names.reduce((sum, name) => sum + herd.vm(name).room.memoryMiB, 0);
  return tasks.toSorted((a, b) => sizeOf(b) - sizeOf(a) || compareNames(a.names[0] ?? '', b.names[0] ?? ''));
}

function stuck(herd: Herd, { names, to }: Task): readonly Unplaced[] {
  return names.map((name) => {
    const vm: HerdVm = herd.vm(name);
    return {
      vm: name,
      from: vm.home?.name ?? '',
      reason: `it would fit on ${to} only when another VM has left it, which waits for this one`,
    };
  });
}
