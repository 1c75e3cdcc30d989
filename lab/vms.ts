/** The VMs of the lab: defined, started, looked at. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { HostConfig, VmConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { domainXml } from './domain.ts';
import { LabError } from './errors.ts';
import { consoleUri, stateOf } from './host.ts';
import { waitFor } from './wait.ts';

export type VmState = 'running' | 'paused' | 'shut off' | 'other';

export interface VmSighting {
  readonly name: string;
  readonly host: string;
  readonly state: VmState;
}

/** virDomainState of libvirt-domain.h; 2 (blocked) is a running guest that waits for its disk. */
const states: Readonly<Record<string, VmState>> = { 1: 'running', 2: 'running', 3: 'paused', 5: 'shut off' };

/** Every domain on every host that runs, asked at the hosts themselves: a cut network hides none. */
export async function sightVms(context: LabContext): Promise<VmSighting[]> {
  const hosts = context.config.hosts.filter((host) => stateOf(context, host.name) === 'running');
  const sightings = await Promise.all(
    hosts.map(async (host) => {
      const { stdout, failed } = await virsh(context, host, ['domstats', '--state']);
      return failed ? [] : readStats(stdout).map(({ name, state }) => ({ name, host: host.name, state }));
    }),
  );
  return sightings.flat();
}

function readStats(text: string): { name: string; state: VmState }[] {
  return text.split(/^Domain: /m).flatMap((part) => {
    const name = /^'(.*)'$/m.exec(part)?.[1];
    const state = /^\s*state\.state=(\d+)$/m.exec(part)?.[1];
    return name === undefined || state === undefined ? [] : [{ name, state: states[state] ?? 'other' }];
  });
}

/** Makes sure that a VM runs on exactly one host and answers. One that runs and answers stays where it is. */
export async function ensureVm(context: LabContext, vm: VmConfig): Promise<string> {
  const sightings = (await sightVms(context)).filter(({ name }) => name === vm.name);
  const alive = sightings.filter(({ state }) => state !== 'shut off');
  const [only] = alive;
  if (only?.state === 'running' && alive.length === 1 && (await answersSoon(vm)))
    return `runs on ${only.host}`;
  for (const sighting of alive) await virsh(context, hostNamed(context, sighting.host), ['destroy', vm.name]);

  // One definition is right: a VM that had moved would else be known on two hosts.
  for (const { host } of sightings.filter(({ host }) => host !== vm.host))
    await virsh(context, hostNamed(context, host), ['undefine', vm.name]);

  const home = hostNamed(context, vm.host);
  const datacenter = context.config.datacenters.find(({ name }) => name === home.datacenter);
  if (!datacenter) throw new LabError(`no datacenter ${home.datacenter}`);
  const definition = join(context.paths.guest, `${vm.name}.xml`);
  writeFileSync(definition, domainXml(context, vm, datacenter));
  await virshOrFail(context, home, ['define', definition]);
  await virshOrFail(context, home, ['start', vm.name]);
  await waitForAnswer(vm, 90);
  return `started on ${home.name}`;
}

async function answersSoon(vm: VmConfig): Promise<boolean> {
  try {
    await waitForAnswer(vm, 10);
    return true;
  } catch {
    return false;
  }
}

async function waitForAnswer(vm: VmConfig, limitSeconds: number): Promise<void> {
  await waitFor(`VM ${vm.name} to answer at http://${vm.address}/`, limitSeconds, async () => {
    const response = await fetch(`http://${vm.address}/`, { signal: AbortSignal.timeout(2_000) });
    await response.text();
    return response.ok ? { value: true } : { seen: `HTTP ${response.status}` };
  });
}

function hostNamed({ config }: LabContext, name: string): HostConfig {
  const host = config.hosts.find((found) => found.name === name);
  if (!host) throw new LabError(`no host ${name}`);
  return host;
}

async function virsh(context: LabContext, host: HostConfig, args: readonly string[]) {
  return execa('virsh', ['-q', '-c', consoleUri(context, host.name), ...args], {
    timeout: 30_000,
    reject: false,
  });
}

async function virshOrFail(context: LabContext, host: HostConfig, args: readonly string[]) {
  const { failed, stderr } = await virsh(context, host, args);
  if (failed) throw new LabError(`virsh ${args.join(' ')} on ${host.name}: ${stderr.trim()}`);
}
