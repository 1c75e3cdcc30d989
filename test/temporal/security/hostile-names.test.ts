/**
 * VMs whose names libvirt takes and tools would misread: as an option, an id, another VM's UUID, two commands, or orders to
 * a terminal. They are listed as what they are, and never acted on; what is called like a real VM by mistake is untouched.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulatedDriver } from '../../../activities/hosts/simulated-driver.ts';
import { definitionOf } from '../../../lab/simulated/definition.ts';
import { uuidOf, VmSpec } from '../../../lab/simulated/spec.ts';
import { Site } from './site.ts';

const cli = fileURLToPath(new URL('../../../client/cli/drover.ts', import.meta.url));
const names = {
  'an option': '--all',
  'an id': '13',
  'the UUID of another VM': uuidOf('vm', 'web1'),
  'two commands of virsh': 'a;destroy web1',
  'a substitution of a shell': '$(reboot)',
  'orders to a terminal': '\u001b[31mweb1\u009b2J\u0007',
  'two lines': 'web1\nrunning',
};
const hostile = Object.values(names);
const uuids = hostile.map((name) => uuidOf('vm', name));

let site: Site;
let asked: number;
beforeAll(async () => {
  site = await Site.open();
  const uri = `sim://127.0.0.1:${site.simulation.port}/host1`;
  const driver = simulatedDriver({ keepaliveSeconds: 5 });
  await using person = await driver.open({ name: 'host1', uri, peerUri: uri, migrateTo: '' });
  for (const name of hostile) {
    const like = definitionOf(VmSpec.parse({ name: 'web1', host: 'host1' }));
    const uuid = uuidOf('vm', name);
    await person.define({ ...like, name, uuid });
    await person.start(uuid);
  }
  asked = site.simulation.datacenter.journal.entries.length;
  await site.up();
}, 120_000);
afterAll(() => site[Symbol.asyncDispose]());

async function drover(
  ...args: string[]
): Promise<{ text: string; stdout: string; exitCode: number | undefined }> {
  const all = [cli, '--settings', site.settingsFile, ...args];
  const { stdout, stderr, exitCode } = await execa(process.execPath, all, { reject: false });
  return { text: `${stdout}\n${stderr}`, stdout, exitCode };
}

test('they are listed under their own names, which order a terminal nothing', async () => {
  const { stdout } = await drover('get', 'vms', '-o', 'json');
  expect(stdout).not.toMatch(controls);
  const listed = JSON.parse(stdout) as { name: string; host: string }[];
  expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(hostile));
  const table = (await drover('get', 'vms')).text;
  expect(table).not.toMatch(controls);
  expect(table.match(/left alone: rename it/g)).toHaveLength(hostile.length);
  for (const name of hostile) expect((await drover('describe', 'vm', '--', name)).text).not.toMatch(controls);
});

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('whatever is asked for is refused with the reason, for', () => {
  const reason =
    /is no valid name|is all digits|has the form of a UUID|unknown option|no VM is called|has no VM/;

  test.for(Object.entries(names))('%s', async ([, name]) => {
    for (const verb of [
      ['migrate', '--to', 'host2', '--', name],
      ['explain', '--', name],
      ['settle', '--runs-on', 'host1', '--', name],
    ]) {
      const { text, exitCode } = await drover(...verb);
      expect([verb.join(' '), exitCode, text]).toEqual([
        verb.join(' '),
        expect.toSatisfy((code: unknown) => code === 2 || code === 3),
        expect.stringMatching(reason),
      ]);
      expect(text).not.toMatch(controls);
    }
  });
});

test.for([
  'qemu+ssh://host2/system?command=/tmp/canary',
  'qemu+ext:///system?command=/tmp/canary',
  'host2;reboot',
  '../host2',
])('a target is the name of a host, not %s', async (to) => {
  const { text, exitCode } = await drover('migrate', 'web1', '--to', to);
  expect([exitCode, text]).toEqual([2, expect.stringContaining('is no valid name')]);
});

test('no host was asked to change any of them, or the one whose name they bear', () => {
  const changed = site.simulation.datacenter.journal.entries
    .slice(asked)
    .flatMap((entry) =>
      entry.kind === 'call' && entry.uuid !== undefined ? [`${entry.call} ${entry.uuid}`] : [],
    )
    .filter((line) => !/^(sight|definition|migrationProgress|migrationFigures) /.test(line));
  expect(changed).toEqual([]);
  const running = site.simulation.datacenter.journal.entries.filter(
    (entry) => entry.kind === 'copy' && uuids.includes(entry.copy.uuid),
  );
  expect(running.length).toBeGreaterThanOrEqual(hostile.length);
});
