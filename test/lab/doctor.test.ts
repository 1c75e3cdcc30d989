/** The examination of real hosts: a whole lab is well, and each thing that is broken there is told as that thing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { examineDatacenter } from '../../activities/doctor/examine-datacenter.ts';
import { driverByScheme } from '../../activities/hosts/driver-by-scheme.ts';
import { Hosts } from '../../activities/hosts/hosts.ts';
import { trialName } from '../../activities/hosts/trial-vms.ts';
import { startDrover, type RunningDrover } from '../../demo/drover-process.ts';
import type { DoctorFinding } from '../../model/doctor.ts';
import { readSettings } from '../../settings/read.ts';
import type { Settings } from '../../settings/schema.ts';
import { doctorSiteOf } from '../../worker/doctor-site.ts';
import { siteOf } from '../../worker/site.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';
import { virsh } from '../support/world.ts';

const lab = sharedLab();
const hosts = labHosts();
const vm = labVm();
const run = '0123abcd';
const lastHost = hosts.at(-1) ?? hosts[1];

let settings: Settings;
beforeAll(() => {
  settings = readSettings(lab.droverYamlPath);
});

afterEach(async () => {
  // Whatever was examined, nothing of it is left.
  for (const host of hosts) {
    const names = await virsh(host, 'list', '--all', '--name');
    if (names.includes('drover-')) throw new Error(`left on ${host.name}: ${names}`);
  }
});

/** As a worker does it, with settings that may differ from the lab's. */
async function examine(
  changed: Settings,
  { only, trials = true }: { only?: readonly string[]; trials?: boolean } = {},
): Promise<DoctorFinding[]> {
  const { keepaliveSeconds, tls, ssh } = changed;
  const site = doctorSiteOf(
    changed,
    new Hosts(siteOf(changed), driverByScheme({ keepaliveSeconds, tls, ssh })),
  );
  const [datacenter = ''] = Object.values(changed.clusters).map((cluster) => cluster.datacenter);
  return await examineDatacenter(
    {
      ...site,
      trials,
      run,
      wanted: ({ address }) => only?.includes(address.name) ?? true,
      signal: new AbortController().signal,
    },
    datacenter,
  );
}

const of = (findings: readonly DoctorFinding[], subject: string, check: string): DoctorFinding | undefined =>
  findings.find((finding) => finding.subject === subject && finding.check === check);
const bad = (findings: readonly DoctorFinding[]): DoctorFinding[] =>
  findings.filter(({ status }) => status === 'error' || status === 'warning');

test('a whole lab is well, seen by a person at the command line', async () => {
  await using _: RunningDrover = await startDrover(lab.droverYamlPath);
  const doctor = (...args: string[]) =>
    execa('npm', ['run', '-s', 'drover', '--', '-s', lab.droverYamlPath, 'doctor', ...args], {
      reject: false,
    });
  const { stdout, exitCode } = await doctor('-o', 'json', '--all');
  const { findings } = JSON.parse(stdout) as { findings: DoctorFinding[] };
  // One worker is enough for a lab.
  expect(bad(findings).filter(({ check }) => check !== 'workers')).toEqual([]);
  expect(exitCode).toBe(0);
  for (const { name } of hosts) {
    for (const check of [
      'reachable',
      'clock',
      'versions',
      'keepalive',
      'peers',
      'networks',
      'storage',
      'fence',
    ])
      expect.soft(of(findings, name, check), `${check} of ${name}`).toMatchObject({ status: 'ok' });
  }
  expect(of(findings, 'Temporal', 'rate')?.status).toBe('ok');

  await lab.killLibvirtd(lastHost.name);
  try {
    const table = await doctor('--no-trials');
    expect(table.exitCode).toBe(1);
    expect(table.stdout).toMatch(new RegExp(`^${lastHost.name}\\n  error +reachable: `, 'm'));
    expect(table.stdout).not.toMatch(/^ {2}ok /m);
  } finally {
    await lab.startLibvirtd(lastHost.name);
  }
});

test('a host whose libvirtd waits longer than the settings say', async () => {
  const conf = join(lab.folder, 'hosts', lastHost.name, 'etc', 'libvirtd.conf');
  const before = readFileSync(conf, 'utf8');
  await lab.killLibvirtd(lastHost.name);
  writeFileSync(conf, before.replace(/^keepalive_interval = .*$/m, 'keepalive_interval = 2'));
  try {
    await lab.startLibvirtd(lastHost.name);
    const findings = await examine(settings, { only: [lastHost.name] });
    expect(of(findings, lastHost.name, 'keepalive')).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/after 8\.\d s, and keepaliveSeconds of the settings is 4/),
      advice: expect.stringContaining('keepalive_interval'),
    });
  } finally {
    await lab.killLibvirtd(lastHost.name);
    writeFileSync(conf, before);
    await lab.startLibvirtd(lastHost.name);
  }
});

test('a host whose libvirtd is down is an error; its peers are examined, and what needs it is not checked', async () => {
  await lab.killLibvirtd(lastHost.name);
  try {
    const findings = await examine(settings);
    expect(bad(findings).map(({ subject, check }) => [subject, check])).toEqual([
      [lastHost.name, 'reachable'],
    ]);
    expect(of(findings, hosts[0].name, 'keepalive')?.status).toBe('ok');
    expect(of(findings, lastHost.name, 'peers')).toMatchObject({
      status: 'notChecked',
      message: expect.stringContaining(`${lastHost.name} does not answer`),
    });
    expect(of(findings, lastHost.name, 'fence')?.status).toBe('ok');
  } finally {
    await lab.startLibvirtd(lastHost.name);
  }
});

test('a bridge that a VM of the cluster uses, and one host lacks', async () => {
  const bridge = 'dmz0';
  const those = hosts.filter((host) => host !== lastHost);
  const inside = (namespace: string, ...args: string[]) => execa('ip', ['-n', namespace, 'link', ...args]);
  const xml = join(lab.folder, 'doctor-test.xml');
  writeFileSync(
    xml,
    `<domain type="qemu"><name>dmz-vm</name><memory unit="MiB">16</memory><vcpu>1</vcpu><os><type>hvm</type></os>
      <devices><interface type="bridge"><source bridge="${bridge}"/></interface></devices></domain>`,
  );
  try {
    for (const { namespace } of those) await inside(namespace, 'add', bridge, 'type', 'bridge');
    await virsh(hosts[0], 'define', xml);
    const findings = await examine(settings, { trials: false });
    expect(of(findings, lastHost.name, 'networks')).toMatchObject({
      status: 'error',
      message: `it lacks ${bridge}, which dmz-vm uses`,
    });
    expect(bad(findings)).toHaveLength(1);
  } finally {
    await virsh(hosts[0], 'undefine', 'dmz-vm');
    for (const { namespace } of those) await inside(namespace, 'delete', bridge);
  }
});

test('a BMC that answers nobody is told, and its password is not', async () => {
  const pid = await listenerOf(lastHost.bmcPort);
  process.kill(pid, 'SIGSTOP');
  try {
    const findings = await examine(settings, { trials: false });
    expect(bad(findings)).toMatchObject([{ subject: lastHost.name, check: 'fence', status: 'error' }]);
    const { password } = settings.clusters[lastHost.cluster]?.hosts[lastHost.name]?.fence?.secrets ?? {};
    const secret = readFileSync((password as { file: string }).file, 'utf8').trim();
    expect(JSON.stringify(findings)).not.toContain(secret);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('a name of the settings that nobody resolves', async () => {
  const cluster = settings.clusters[lastHost.cluster];
  const host = cluster?.hosts[lastHost.name];
  if (!cluster || !host) throw new Error(`the settings have no ${lastHost.name}`);
  const withHost = (changed: Partial<typeof host>): Settings => ({
    ...settings,
    clusters: {
      [lastHost.cluster]: {
        ...cluster,
        hosts: { ...cluster.hosts, [lastHost.name]: { ...host, ...changed } },
      },
    },
  });
  const unreachable = await examine(
    withHost({ uri: 'qemu+tls://nowhere.invalid/system', peerUri: host.peerUri ?? host.uri }),
    {
      only: [lastHost.name],
      trials: false,
    },
  );
  expect(of(unreachable, lastHost.name, 'names')).toMatchObject({
    status: 'error',
    message: expect.stringContaining('nowhere.invalid (uri) does not resolve here: ENOTFOUND'),
  });
  expect(of(unreachable, lastHost.name, 'reachable')?.status).toBe('error');

  // The hosts reach one another by other names than the worker: only a trial finds out.
  const peers = await examine(withHost({ peerUri: 'qemu+tls://nowhere.invalid/system' }), {
    only: [lastHost.name],
  });
  expect(of(peers, lastHost.name, 'names')?.status).toBe('warning');
  const from = hosts.at(-2) ?? hosts[0];
  expect(of(peers, from.name, 'peers')).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/nowhere\.invalid/),
    advice: expect.stringContaining(`on ${from.name}`),
  });
  expect(of(peers, lastHost.name, 'peers')?.status).toBe('ok');
});

test('what an attempt that died has left is removed by the next, on both hosts', async () => {
  const [first, second] = hosts;
  const old = trialName('ffffffff', Date.now() - 3_600_000);
  for (const [host, name] of [
    [first, trialName(run)],
    [second, old],
  ] as const) {
    const file = join(lab.folder, 'doctor-test.xml');
    writeFileSync(
      file,
      `<domain type="qemu"><name>${name}</name><memory unit="MiB">16</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`,
    );
    await virsh(host, 'create', '--paused', file);
  }
  const findings = await examine(settings, { trials: false });
  expect(of(findings, first.name, 'leftovers')).toMatchObject({
    status: 'warning',
    message: expect.stringContaining(run),
  });
  expect(of(findings, second.name, 'leftovers')).toMatchObject({
    status: 'warning',
    message: expect.stringContaining(old),
  });
  expect(await virsh(first, 'domstate', vm.name)).toBe('running');
});

async function listenerOf(port: number): Promise<number> {
  const { stdout } = await execa('ss', ['-Hltnp', `sport = :${port}`]);
  const pid = /pid=(\d+)/.exec(stdout)?.[1];
  if (pid === undefined) throw new Error(`nobody listens on ${port}: ${stdout}`);
  return Number(pid);
}
