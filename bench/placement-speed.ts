/**
 * How fast the planner is on a made-up herd: `node bench/placement-speed.ts [--hosts 1000] [--vms 20000]
 * [--clusters 10] [--json]`. The herd is the same at every run. With --json the last line is one JSON object with the figures.
 */
import { Command } from 'commander';
import type { Snapshot } from '../model/placement.ts';
import { bestHost } from '../policies/engine/choose.ts';
import { fits } from '../policies/engine/filters.ts';
import { Herd } from '../policies/engine/herd.ts';
import { placeInHerd, placeVm } from '../policies/placement/planner.ts';
import { defaultPlacementSettings } from '../policies/placement/settings.ts';
import { readOptions } from '../setup/options.ts';

const values = readOptions(
  new Command('node bench/placement-speed.ts')
    .description('How fast the planner is on a made-up herd, the same at every run.')
    .option('--hosts <n>', 'hosts of the herd', '1000')
    .option('--vms <n>', 'its VMs', '20000')
    .option('--clusters <n>', 'its clusters', '10')
    .option('--json', 'end with the figures as one line'),
).opts<{ hosts: string; vms: string; clusters: string; json?: true }>();
const hosts = Number(values.hosts);
const vms = Number(values.vms);
const clusters = Number(values.clusters);
const placements = 2000;
const rounds = 5;

const snapshot = aHerd(hosts, vms, clusters);
const weights = defaultPlacementSettings.weights;

const build = medianMs(() => new Herd(snapshot));
const herd = new Herd(snapshot);
const some = herd.vms.filter((_vm, index) => index % Math.ceil(vms / placements) === 0);
const explain = medianMs(() => placeInHerd(herd, { vm: 'vm0' }));
const explainAlone = medianMs(() => placeVm(snapshot, { vm: 'vm0' }));
const payloadBytes = JSON.stringify(placeInHerd(herd, { vm: 'vm0' })).length;
const one = medianMs(() => some.slice(0, 100).map((vm) => bestHost(herd, vm, weights))) / 100;

let moved = 0;
const row = medianMs(
  () => {
    moved = 0;
    const copy = new Herd(snapshot);
    for (const { name } of some) {
      const vm = copy.vm(name);
      const host = bestHost(copy, vm, weights);
      if (!host) continue;
      copy.place(vm, host);
      moved += 1;
    }
  },
  // The copy has to be built anew each time.
  build,
);

const asked = some.length * herd.hosts.length;
let fitting = 0;
const all = medianMs(() => {
  fitting = 0;
  for (const vm of some) for (const host of herd.hosts) if (fits(herd, vm, host)) fitting += 1;
});

const figures = {
  hosts,
  vms,
  clusters,
  buildMs: build,
  placeMs: one,
  explainMs: explain,
  explainWithBuildMs: explainAlone,
  explainBytes: payloadBytes,
  placements: some.length,
  moved,
  rowMs: row,
  fitsNs: (all * 1e6) / asked,
  fitsShare: fitting / asked,
};

console.log(
  `herd of ${hosts} hosts and ${vms} VMs in ${clusters} clusters, node ${process.version}; medians of ${rounds} runs`,
);
console.log(`build the herd                      ${build.toFixed(1)} ms`);
console.log(`place one VM                        ${one.toFixed(3)} ms`);
console.log(`place one VM, every host explained  ${explain.toFixed(1)} ms (${payloadBytes} bytes of JSON)`);
console.log(`the same with building the herd     ${explainAlone.toFixed(1)} ms`);
console.log(`${some.length} placements in a row, ${moved} moved    ${row.toFixed(0)} ms`);
console.log(
  `does one VM fit on one host         ${figures.fitsNs.toFixed(0)} ns (${(100 * figures.fitsShare).toFixed(0)} % fit)`,
);
if (values.json) console.log(JSON.stringify(figures));

/** The median time of some runs after one that warms up, less a part that is known and not asked for. */
function medianMs(run: () => unknown, withoutMs = 0): number {
  run();
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).toSorted((left, right) => left - right);
  return (times[Math.floor(rounds / 2)] ?? 0) - withoutMs;
}

/** A herd of hosts of three sizes in clusters of equal size, VMs skewed to some of them, some kept apart, some on the way. */
function aHerd(hostCount: number, vmCount: number, clusterCount: number): Snapshot {
  const random = randomNumbers(7);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const clusterOf = (host: number): number => host % clusterCount;
  const homeOf = Array.from({ length: vmCount }, () => Math.min(pick(hostCount), pick(hostCount * 2)));
  return {
    hosts: Array.from({ length: hostCount }, (_, host) => ({
      name: `host${host}`,
      cluster: `cluster${clusterOf(host)}`,
      datacenter: 'berlin',
      state: host % 50 === 0 ? ('maintenance' as const) : ('active' as const),
      cpus: [16, 32, 64][pick(3)] ?? 16,
      memoryMiB: [65_536, 131_072, 262_144][pick(3)] ?? 65_536,
      failureDomains: { rack: `r${host % 40}` },
      networks: ['br-a', 'br-b', 'br-c'],
      storage: [`san-${clusterOf(host)}`],
    })),
    vms: Array.from({ length: vmCount }, (_, vm) => {
      const home = homeOf[vm] ?? 0;
      const vcpus = [1, 2, 4, 8][pick(4)] ?? 1;
      return {
        name: `vm${vm}`,
        host: `host${home}`,
        running: true,
        vcpus,
        memoryMiB: 1024 * (1 + pick(7)),
        cpuBusyCores: vcpus * random() * 0.6,
        networks: ['br-a', 'br-b'],
        storage: [`san-${clusterOf(home)}`],
        ...(vm % 10 === 0 && { apartFrom: [`vm${vm + 1}`, `vm${vm + 2}`] }),
        ...(vm % 20 === 0 && { avoid: [`host${pick(hostCount)}`] }),
      };
    }),
    reservations: Array.from({ length: Math.ceil(hostCount / 5) }, (_, index) => ({
      operation: `migrateVm/vm${index}`,
      host: `host${pick(hostCount)}`,
      vm: `vm${index}`,
      memoryMiB: 2048,
      cpuCores: 1,
    })),
  };
}

/** The same numbers from 0 to 1 at every run (a linear congruential generator, Numerical Recipes' constants). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
