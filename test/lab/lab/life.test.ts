/** The life of a lab beside the shared one: up, killed, up again, down. The tests build on one another. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openLab } from '../../../lab/lab.ts';
import { sharedLab } from '../../support/lab.ts';
import * as world from './world.ts';

const settings = world.settingsBeside(1);
const lab = openLab(settings.file);
const { name } = lab.config;
const host1 = world.hostOf(lab, 'host1');
const host2 = world.hostOf(lab, 'host2');
const sanAddress = lab.config.datacenters[0]?.storage.san ?? '';
const cli = join(import.meta.dirname, '../../../lab/cli.ts');

afterAll(async () => lab.down());

/** The pid of a process of this lab, as it recorded itself. */
function recorded(role: string): number {
  const stat = readFileSync(join(lab.folder, 'processes', role), 'utf8').split('\n')[1];
  return Number.parseInt(stat ?? '', 10);
}

test('an up that is killed in its middle is made good by the next', async () => {
  const up = execa('node', [cli, '--lab', settings.file, 'up', '--yes'], { reject: false });
  for await (const line of up) if (line.includes('host host')) up.kill('SIGKILL');
  expect((await up).signal).toBe('SIGKILL');
  expect((await lab.status()).whole).toBe(false);

  await lab.up();
  expect((await lab.status()).whole).toBe(true);
  expect(await world.vmState(host1, 'web1')).toMatch(/^running/);
});

test('two labs stand side by side and don’t see each other', async () => {
  const other = sharedLab();
  expect((await other.status()).whole).toBe(true);
  expect((await lab.status()).whole).toBe(true);
  expect(await world.reaches(undefined, host1.address, world.libvirtPort)).toBe(true);
  expect(await world.reaches(host1.namespace, host2.address, world.libvirtPort)).toBe(true);
  const neighbour = world.hostOf(other, 'host1');
  expect(await world.reaches(host1.namespace, neighbour.address, world.libvirtPort)).toBe(false);
});

test('a second up finds everything well and touches nothing', async () => {
  const pids = () => readdirSync(join(lab.folder, 'processes')).map(recorded);
  const before = pids();
  await lab.up();
  expect(pids()).toEqual(before);
});

test('a lab of which parts were killed and cut comes up again', async () => {
  const victims = ['libvirtd-host1', 'san-dc1', 'bmc-host2', 'prometheus'].map(recorded);
  const orphans = world.processesIn(host1.namespace).filter((pid) => !victims.includes(pid));
  expect(orphans).toHaveLength(1); // QEMU, which outlives its libvirtd
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  await execa('ip', ['-n', lab.networkNamespace, 'link', 'del', 'host2-lan']);
  await execa('ip', ['-n', lab.networkNamespace, 'link', 'set', 'sw2', 'down']);
  expect((await lab.status()).whole).toBe(false);

  await lab.up();
  expect((await lab.status()).whole).toBe(true);
  expect(world.processesIn(host1.namespace).filter((pid) => orphans.includes(pid))).toEqual([]);
  expect(await world.vmState(host1, 'web1')).toMatch(/^running/);
  expect(await world.reaches(host2.namespace, host1.address, world.libvirtPort)).toBe(true);
  expect(await world.reaches(host2.namespace, sanAddress, world.nbdPort)).toBe(true);
});

test('a pid that was given to somebody else since is not killed', async () => {
  const bystander = execa('sleep', ['60'], { reject: false });
  onTestFinished(() => void bystander.kill());
  const record = join(lab.folder, 'processes', 'exporter-host1');
  const honest = readFileSync(record, 'utf8');
  process.kill(recorded('exporter-host1'), 'SIGKILL');
  writeFileSync(record, honest.replace(/^\d+ /m, `${bystander.pid} `));

  await lab.up();
  expect(recorded('exporter-host1')).not.toBe(bystander.pid);
  expect(existsSync(`/proc/${bystander.pid}`)).toBe(true);
});

test('down leaves nothing, and what is named alike but not the lab’s stays', async () => {
  const alike = `${host1.namespace}0`;
  const alikeLink = `${name}-dc10`;
  const alikeGroup = `${world.cgroupFolder(host1.namespace)}0`;
  onTestFinished(async () => {
    await execa('ip', ['netns', 'del', alike], { reject: false });
    await execa('ip', ['link', 'del', alikeLink], { reject: false });
    rmdirSync(alikeGroup);
  });
  await execa('ip', ['netns', 'add', alike]);
  await execa('ip', ['link', 'add', alikeLink, 'type', 'bridge']);
  mkdirSync(alikeGroup);
  const bystander = execa('ip', ['netns', 'exec', alike, 'sleep', '60'], { reject: false });
  onTestFinished(() => void bystander.kill());
  const ownNamespaces = () =>
    world.namespaces().filter((each) => each.startsWith(`${name}-`) && each !== alike);
  const before = new Set([
    ...ownNamespaces().flatMap(world.processesIn),
    ...readdirSync(join(lab.folder, 'processes')).map(recorded),
  ]);
  // 2 libvirtd, QEMU, SAN, 2 BMCs, Prometheus, Alertmanager, 2 exporters
  expect(before.size).toBeGreaterThanOrEqual(10);

  await lab.down();
  expect(existsSync(lab.folder)).toBe(false);
  expect(ownNamespaces()).toEqual([]);
  expect([host1, host2].map(({ namespace }) => world.cgroupFolder(namespace))).toEqual([
    undefined,
    undefined,
  ]);
  expect(existsSync(`/sys/class/net/${name}-dc1`)).toBe(false);
  expect([...before].filter(world.isAlive)).toEqual([]);
  expect(existsSync(join(lab.config.cache, 'guest'))).toBe(true);

  expect(existsSync(`/sys/class/net/${alikeLink}`)).toBe(true);
  expect(existsSync(alikeGroup)).toBe(true);
  expect(world.processesIn(alike)).toHaveLength(1);
  expect((await sharedLab().status()).whole).toBe(true);
});

test('up refuses a namespace that somebody else made, and leaves it', async () => {
  const taken = lab.networkNamespace;
  await execa('ip', ['netns', 'add', taken]);
  onTestFinished(async () => void (await execa('ip', ['netns', 'del', taken])));
  await expect(lab.up()).rejects.toThrow(`${taken} exists and isn't this lab's`);
  await lab.down();
  expect(world.namespaces()).toContain(taken);
});

test('up refuses a port that somebody else has, by name', async () => {
  const port = lab.config.ports.prometheus;
  const somebody = createServer().listen(port, '127.0.0.1');
  await once(somebody, 'listening');
  onTestFinished(() => void somebody.close());
  await expect(lab.up()).rejects.toThrow(
    new RegExp(`port ${port}, which the lab wants for prometheus, is taken by .*\\(pid ${process.pid}\\)`),
  );
});

test('up refuses a subnet that the machine already has a way to', async () => {
  const shared = sharedLab().config;
  const taken = shared.datacenters[0]?.lan.subnet ?? '';
  const start = (subnet = '') => subnet.replace(/0\/24$/, '');
  const clash = join(dirname(settings.file), 'clash.yaml');
  writeFileSync(clash, settings.text.replaceAll(start(lab.config.datacenters[0]?.lan.subnet), start(taken)));
  await expect(openLab(clash).up()).rejects.toThrow(
    `datacenters.dc1.lan.subnet ${taken} is in use: this machine has a route to ${taken} by ${shared.name}-dc1`,
  );
});
