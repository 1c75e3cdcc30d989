/** The command line: what it says and how it ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { sharedLab, sharedLabConfig } from '../../support/lab.ts';
import * as world from './world.ts';

const cli = join(import.meta.dirname, '../../../lab/cli.ts');

async function run(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa('node', [cli, ...args], { reject: false });
  return { exitCode, stdout, stderr };
}

const onShared = ['--lab', sharedLabConfig];

test.each([
  ['an unknown host', ['crash', 'host9'], 'no host host9; there are: host1, host2, host3'],
  ['an unknown VM', ['load', 'web9', 'on'], 'no VM web9; there are: web1'],
  ['an unknown switch', ['switch', 'sw9', 'down'], 'no switch sw9; there are: sw1, sw2'],
  ['neither on nor off', ['power', 'host1', 'of'], 'of: must be on or off'],
  ['an unknown command', ['explode'], "unknown command 'explode'"],
  ['a host too few', ['crash'], "missing required argument 'host'"],
])('%s is a mistake in use, exit code 2', async (_, args, message) => {
  const { exitCode, stderr } = await run(...onShared, ...args);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test('status as JSON, exit code 0 when the lab is whole', async () => {
  const { exitCode, stdout } = await run(...onShared, 'status', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({
    name: sharedLab().config.name,
    whole: true,
    vms: [{ name: 'web1', answers: true }],
  });
  expect(exitCode).toBe(0);
});

test('settings that can’t be used are refused with their place, exit code 1', async () => {
  const { file, text } = world.settingsBeside(2);
  const broken = join(dirname(file), 'broken.yaml');
  writeFileSync(broken, text.replace('cpus: 0.4', 'cpus: -1'));
  const { exitCode, stderr } = await run('--lab', broken, 'up');
  expect(stderr).toContain(`${broken} can't be used`);
  expect(stderr).toContain('datacenters.dc1.clusters.main.hosts.host1.cpus');
  expect(exitCode).toBe(1);
});

test('without root it says so', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [cli, 'up'], {
    uid: 65_534,
    gid: 65_534,
    reject: false,
  });
  expect(stderr).toContain('the lab needs root');
  expect(exitCode).toBe(1);
});

test('a lab that is down is not whole, exit code 1', async () => {
  const { file } = world.settingsBeside(3);
  const { exitCode, stdout } = await run('--lab', file, 'status');
  expect(stdout).toContain('not whole');
  expect(exitCode).toBe(1);
  expect((await run('--lab', file, 'down')).exitCode).toBe(0);
});

test('help names every command', async () => {
  const { exitCode, stdout } = await run('--help');
  for (const command of ['up', 'down', 'status', 'load', 'crash', 'isolate', 'heal', 'power', 'switch'])
    expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  expect(exitCode).toBe(0);
  expect(readFileSync(join(dirname(cli), 'README.md'), 'utf8')).toContain('npm run lab');
});
