/** How the lab stands, asked of the things themselves. */
import { existsSync } from 'node:fs';
import { bmcIsRunning } from './bmc.ts';
import type { LabContext } from './context.ts';
import { powerOf, stateOf, type HostState } from './host.ts';
import { monitoringState } from './monitoring.ts';
import { readNetworkState } from './network.ts';
import { sanIsRunning } from './san.ts';
import { sightVms, type VmState } from './vms.ts';

export interface LabStatus {
  readonly name: string;
  /** Everything is as `up` makes it. */
  readonly whole: boolean;
  readonly folder: string;
  readonly hosts: readonly {
    readonly name: string;
    readonly power: 'on' | 'off';
    readonly state: HostState;
    readonly links: 'up' | 'down' | 'unplugged';
    readonly bmc: boolean;
  }[];
  readonly switches: readonly { readonly name: string; readonly up: boolean }[];
  readonly sans: readonly { readonly datacenter: string; readonly running: boolean }[];
  readonly vms: readonly {
    readonly name: string;
    /** Where it is defined or running; more than one while it moves. */
    readonly hosts: readonly { readonly host: string; readonly state: VmState }[];
    readonly answers: boolean;
  }[];
  readonly monitoring: readonly { readonly name: string; readonly running: boolean }[];
}

export async function readStatus(context: LabContext): Promise<LabStatus> {
  const { config, paths } = context;
  const [network, sightings] = await Promise.all([readNetworkState(context), sightVms(context)]);
  const hosts = config.hosts.map(({ name }) => ({
    name,
    power: powerOf(context, name),
    state: stateOf(context, name),
    links: network.hostLinks(name),
    bmc: bmcIsRunning(context, name),
  }));
  const switches = config.switches.map(({ name }) => ({ name, up: network.switchIsUp(name) }));
  const sans = config.datacenters.map(({ name }) => ({
    datacenter: name,
    running: sanIsRunning(context, name),
  }));
  const vms = await Promise.all(
    config.vms.map(async (vm) => ({
      name: vm.name,
      hosts: sightings.filter(({ name }) => name === vm.name).map(({ host, state }) => ({ host, state })),
      answers: await answers(vm.address),
    })),
  );
  const monitoring = monitoringState(context).map(({ name, running }) => ({ name, running }));
  const whole =
    existsSync(paths.droverYaml) &&
    hosts.every(({ state, links, bmc }) => state === 'running' && links === 'up' && bmc) &&
    switches.every(({ up }) => up) &&
    sans.every(({ running }) => running) &&
    vms.every((vm) => vm.answers) &&
    monitoring.every(({ running }) => running);
  return { name: config.name, whole, folder: paths.folder, hosts, switches, sans, vms, monitoring };
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
