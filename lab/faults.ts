/** What goes wrong in a datacenter, on demand, and its undoing. */
import type { HostConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { LabError } from './errors.ts';
import { crashHost, ensureHost, powerOf, powerOff, powerOn, stateOf, waitForHost } from './host.ts';
import { readNetworkState, setHostLinks, setSwitchLink } from './network.ts';

/** All of the host stops at once, silently; its power stays on, so its BMC says "On". */
export async function crash(context: LabContext, host: HostConfig): Promise<void> {
  const state = stateOf(context, host.name);
  if (state !== 'running') throw new LabError(`host ${host.name} is ${state}: it can't crash`);
  await crashHost(context, host);
}

/** The host and its VMs run on, and nobody reaches them, nor they the SAN. Its BMC stays in reach. */
export async function isolate(context: LabContext, host: HostConfig): Promise<void> {
  await requireRunning(context, host);
  await setHostLinks(context, host.name, false);
}

/** Undoes `isolate` and `crash`: links up again, a crashed host boots. One whose power is off stays off. */
export async function heal(context: LabContext, host: HostConfig): Promise<void> {
  if (powerOf(context, host.name) === 'off')
    throw new LabError(`host ${host.name} is off: switch it on (power ${host.name} on)`);
  await ensureHost(context, host);
  await waitForHost(context, host);
}

/** By the host's power switch, as its BMC does it; on: waits until libvirtd answers. */
export async function setPower(context: LabContext, host: HostConfig, on: boolean): Promise<void> {
  if (!on) {
    await powerOff(context, host);
    return;
  }
  await powerOn(context, host);
  if (stateOf(context, host.name) === 'running') await waitForHost(context, host);
}

/** Down: everything on this switch is cut off from the LAN, the hosts on it from one another as well. */
export async function setSwitch(context: LabContext, name: string, up: boolean): Promise<void> {
  await setSwitchLink(context, name, up);
}

async function requireRunning(context: LabContext, host: HostConfig): Promise<void> {
  const links = (await readNetworkState(context)).hostLinks(host.name);
  if (links === 'unplugged')
    throw new LabError(`host ${host.name} is ${stateOf(context, host.name)}: it has no links`);
}
