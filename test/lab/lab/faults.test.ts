/** What goes wrong on demand, on the shared lab, which is made whole again at the end. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { LabHost } from '../../../lab/lab.ts';
import { waitFor } from '../../../lab/wait.ts';
import { labVm, sharedLab } from '../../support/lab.ts';
import * as world from './world.ts';

const lab = sharedLab();
const vm = labVm();
const host1 = world.hostOf(lab, 'host1');
const host2 = world.hostOf(lab, 'host2');
const { libvirtPort, nbdPort } = world;
const sanAddress = lab.config.datacenters[0]?.storage.san ?? '';

/** Whether this machine, on the LAN's core, reaches each host's libvirtd. */
const reached = async () =>
  Promise.all([host1, host2].map(async ({ address }) => world.reaches(undefined, address, libvirtPort)));

/** Who asked for a host that was cut off remembers that it got no answer (ARP), for up to 3 s. */
const untilReached = async (namespace: string | undefined, address: string, port: number) =>
  waitFor(`${address} to be reached`, 15, async () =>
    (await world.reaches(namespace, address, port)) ? { value: true } : { seen: 'out of reach' },
  );
const untilBothReached = async () =>
  Promise.all([host1, host2].map(async ({ address }) => untilReached(undefined, address, libvirtPort)));

/** Sees to it that the VM runs on this host. */
async function placeVm(host: LabHost): Promise<void> {
  if ((await lab.status()).vms[0]?.answers !== true) await lab.up();
  for (const from of lab.hosts) {
    if (from.name === host.name || !(await world.vmState(from, vm.name)).startsWith('running')) continue;
    await migrate(from, host);
  }
}

async function migrate(from: LabHost, to: LabHost): Promise<void> {
  const how = ['--live', '--persistent', '--undefinesource', '--p2p'];
  await world.virsh(from.virshUri, 'migrate', ...how, vm.name, to.uri, '--migrateuri', `tcp://${to.address}`);
}

beforeAll(async () => lab.up(), 60_000);
beforeEach(({ onTestFailed }) => onTestFailed(async () => lab.up(), 60_000));
afterAll(async () => lab.up(), 60_000);

test('QEMU and libvirtd run inside their host’s CPU quota', async () => {
  await placeVm(host1);
  const pids = world.processesIn(host1.namespace);
  expect(pids.length).toBeGreaterThanOrEqual(2);
  for (const pid of pids)
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${host1.namespace}`);
  expect(world.processesNaming('guest=web1,').filter((pid) => pids.includes(pid))).toHaveLength(1);
});

test('load takes the weak host to its limit, and a VM under load moves off it with no failed request', async () => {
  await placeVm(host1);
  const throttled = () => {
    const stat = readFileSync(`${world.cgroupFolder(host1.namespace)}/cpu.stat`, 'utf8');
    return Number(/^nr_throttled (\d+)$/m.exec(stat)?.[1]);
  };
  await lab.load(vm.name, true);
  await lab.load(vm.name, true); // twice is once
  const before = throttled();
  await waitFor('host1 to be at its limit', 10, () => {
    const more = throttled() - before;
    return more > 50 ? { value: true } : { seen: `throttled ${more} times` };
  });

  const uptimes: number[] = [];
  const client = { stop: false };
  const requests = (async () => {
    while (!client.stop) {
      const response = await fetch(`http://${vm.address}/cgi-bin/up`, {
        signal: AbortSignal.timeout(10_000),
      });
      uptimes.push(Number.parseFloat(await response.text()));
    }
  })();
  await migrate(host1, host2);
  client.stop = true;
  await requests;

  expect(await world.vmState(host2, vm.name)).toMatch(/^running/);
  expect(await world.vmState(host1, vm.name)).toBe('absent');
  expect(uptimes.length).toBeGreaterThan(5);
  expect(uptimes).toEqual(uptimes.toSorted((a, b) => a - b)); // the guest's clock never went back
  const load = await fetch(`http://${vm.address}/cgi-bin/load`);
  expect(await load.text()).toBe('on\n'); // it went along

  await lab.load(vm.name, false);
  await waitFor('the guest to be idle', 20, async () => {
    const before = await cpuNanoseconds();
    const began = performance.now();
    await pause(300);
    const share = ((await cpuNanoseconds()) - before) / 1e6 / (performance.now() - began);
    return share < 0.1 ? { value: true } : { seen: `it uses ${share.toFixed(2)} CPUs` };
  });
}, 60_000);

async function cpuNanoseconds(): Promise<number> {
  const stats = await world.virsh(host2.virshUri, 'domstats', '--cpu-total', vm.name);
  return Number(/cpu\.time=(\d+)/.exec(stats)?.[1]);
}

test('an isolated host runs on, out of reach of all but its BMC, until it is healed', async () => {
  await lab.isolate('host1');
  expect(await reached()).toEqual([false, true]);
  expect(await world.reaches(host1.namespace, sanAddress, nbdPort)).toBe(false);
  expect(await world.fence(lab, host1, 'status')).toBe(0);
  expect(await world.virsh(`qemu+unix:///system?socket=${host1.socket}`, 'hostname')).toBe('host1');
  expect((await lab.status()).hosts[0]).toMatchObject({ state: 'running', links: 'down' });

  await lab.heal('host1');
  await untilBothReached();
  await untilReached(host1.namespace, sanAddress, nbdPort);
}, 30_000);

test('a switch that is down cuts its hosts from the LAN, and those alone', async () => {
  await placeVm(host2);
  await lab.setSwitch('sw1', false);
  expect(await reached()).toEqual([false, true]);
  expect(await world.reaches(host1.namespace, sanAddress, nbdPort)).toBe(true); // storage has cables of its own
  expect((await fetch(`http://${vm.address}/`)).status).toBe(200);
  expect((await lab.status()).switches).toEqual([
    { name: 'sw1', up: false },
    { name: 'sw2', up: true },
  ]);

  await lab.setSwitch('sw1', true);
  await untilBothReached();
}, 30_000);

test('power off by fence_redfish ends everything on the host without a word; on boots it without its VMs', async () => {
  await placeVm(host2);
  const processes = world.processesIn(host2.namespace);
  expect(processes.length).toBeGreaterThanOrEqual(2);
  const client = connect({ host: host2.address, port: libvirtPort });
  onTestFinished(() => void client.destroy());
  await once(client, 'connect');
  const port = client.localPort;
  expect(await world.fence(lab, host2, 'status')).toBe(0);

  expect(await world.fence(lab, host2, 'off')).toBe(0);
  expect(processes.filter(world.isAlive)).toEqual([]);
  expect(await world.fence(lab, host2, 'status')).toBe(2);
  expect(await stateOfConnection(port, host2.address)).toBe('ESTAB'); // no FIN came: a dead machine sends none
  expect(await reached()).toEqual([true, false]);
  expect(await world.fence(lab, host2, 'off')).toBe(0); // twice is once

  expect(await world.fence(lab, host2, 'on')).toBe(0);
  await untilBothReached();
  expect(await world.fence(lab, host2, 'status')).toBe(0);
  expect(await world.vmState(host2, vm.name)).toMatch(/^shut off/);
}, 60_000);

/** The state of one TCP connection of this machine, as ss names it. */
async function stateOfConnection(port: number | undefined, address: string): Promise<string | undefined> {
  const filter = `sport = :${port} and dst ${address}`; // a port can be in use to several addresses
  const { stdout } = await execa('ss', ['--tcp', '--numeric', '--all', '--no-header', filter]);
  return stdout.split(/\s+/)[0];
}

test('a wrong password moves nothing', async () => {
  expect(await world.fence(lab, host1, 'off', 'wrong')).toBe(1);
  expect(await reached()).toEqual([true, true]);
});

test('a crashed host is silent while its power is on; heal and a reboot by the BMC both bring it back', async () => {
  await lab.crash('host1');
  expect(await reached()).toEqual([false, true]);
  expect(await world.fence(lab, host1, 'status')).toBe(0);
  expect((await lab.status()).hosts[0]).toMatchObject({ power: 'on', state: 'crashed', links: 'unplugged' });
  await expect(lab.crash('host1')).rejects.toThrow("host host1 is crashed: it can't crash");
  await lab.heal('host1');
  await untilBothReached();

  await lab.crash('host1');
  expect(await world.fence(lab, host1, 'reboot')).toBe(0);
  await untilBothReached();
}, 60_000);

test('a host that is off is not healed but switched on', async () => {
  await lab.power('host1', false);
  await expect(lab.heal('host1')).rejects.toThrow('host host1 is off: switch it on');
  await expect(lab.isolate('host1')).rejects.toThrow('host host1 is off');
  await lab.power('host1', true);
  await untilBothReached();
}, 30_000);
