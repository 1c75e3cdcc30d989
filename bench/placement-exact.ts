/** The best that a plan could be, by a MIP: first the fewest moves, then the lowest load of the busiest host with those. */
import highsLoader from 'highs';
import type { EvacuationPlan } from '../model/evacuation.ts';
import type { Case } from './placement-cases.ts';

export interface Exact {
  readonly moves: number;
  /** Cores that are wanted of the busiest open host, by its cores. */
  readonly lowestLoad: number;
}

// Its types are those of a CommonJS module, and what Node loads is not.
const loading = (highsLoader as unknown as typeof highsLoader.default)();

/** Undefined: no plan exists. */
export async function solve(one: Case): Promise<Exact | undefined> {
  const highs = await loading;
  const model = modelOf(one);
  const fewest = highs.solve(
    [`Minimize`, ` moves: ${model.moves || '0 t'}`, 'Subject To', ...model.constraints, ...model.ends].join(
      '\n',
    ),
  );
  if (fewest.Status === 'Infeasible') return undefined;
  if (fewest.Status !== 'Optimal') throw new Error(`case ${one.seed}: ${fewest.Status}`);
  const others = Math.round(fewest.ObjectiveValue + model.residents);
  const lowest = highs.solve(
    [
      'Minimize',
      ' load: t',
      'Subject To',
      ...model.constraints,
      ...(model.moves ? [` most: ${model.moves} <= ${others - model.residents}`] : []),
      ...model.ends,
    ].join('\n'),
  );
  if (lowest.Status !== 'Optimal') throw new Error(`case ${one.seed}: ${lowest.Status}`);
  return { moves: one.question.vms.length + others, lowestLoad: lowest.ObjectiveValue };
}

/** The load of the busiest open host once the plan has been carried out. */
export function loadOfPlan({ snapshot, question }: Case, { moves }: EvacuationPlan): number {
  const goes = new Map(moves.map(({ vm, to }) => [vm, to]));
  const loads = new Map<string, number>();
  for (const { name, host = '', cpuBusyCores = 0 } of snapshot.vms) {
    const on = goes.get(name) ?? host;
    loads.set(on, (loads.get(on) ?? 0) + cpuBusyCores);
  }
  return Math.max(
    ...snapshot.hosts
      .filter(({ name }) => !question.closed.includes(name))
      .map(({ name, cpus }) => (loads.get(name) ?? 0) / cpus),
  );
}

/** x_v_h: the VM is on the host; t: the load of the busiest one. In the LP format of CPLEX. */
function modelOf({ snapshot, question }: Case) {
  const open = snapshot.hosts.flatMap((host, at) =>
    question.closed.includes(host.name) ? [] : [{ ...host, at }],
  );
  const vms = snapshot.vms.map((vm, at) => ({ ...vm, at }));
  const x = (vm: number, host: number): string => `x_${vm}_${host}`;
  const sum = (terms: readonly string[]): string => terms.join(' + ');
  const stays = vms.filter(({ name }) => !question.vms.includes(name));
  return {
    residents: stays.length,
    /** Less the number of VMs that could stay: each that does is one move less. */
    moves: stays
      .map(
        (vm) =>
          `- ${x(
            vm.at,
            snapshot.hosts.findIndex(({ name }) => name === vm.host),
          )}`,
      )
      .join(' '),
    constraints: [
      ...vms.map((vm) => ` once_${vm.at}: ${sum(open.map((host) => x(vm.at, host.at)))} = 1`),
      ...open.map(
        (host) =>
          ` memory_${host.at}: ${sum(vms.map((vm) => `${vm.memoryMiB} ${x(vm.at, host.at)}`))} <= ${host.memoryMiB}`,
      ),
      ...open.map(
        (host) =>
          ` vcpus_${host.at}: ${sum(vms.map((vm) => `${vm.vcpus} ${x(vm.at, host.at)}`))} <= ${host.cpus * 4}`,
      ),
      ...open.map(
        (host) =>
          ` load_${host.at}: ${sum(vms.map((vm) => `${(vm.cpuBusyCores ?? 0) / host.cpus} ${x(vm.at, host.at)}`))} - t <= 0`,
      ),
    ],
    ends: [
      'Bounds',
      ' t >= 0',
      'Binary',
      ...vms.flatMap((vm) => open.map((host) => ` ${x(vm.at, host.at)}`)),
      'End',
    ],
  };
}
