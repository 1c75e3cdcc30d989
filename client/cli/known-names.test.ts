import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseSettings } from '../../settings/read.ts';
import { knownNames } from './known-names.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-names-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of a Temporal that is not there: what is known comes from the settings, or was kept. */
const settings = () =>
  parseSettings(
    `stateDir: ${folder}
temporal: {embedded: {port: 1}}
clusters:
  berlin: {datacenter: dc1, hosts: {host10: {uri: 'sim://127.0.0.1:1/a', failureDomains: {rack: a}}, host2: {uri: 'sim://127.0.0.1:1/b'}}}
`,
    'drover.yaml',
  );
const keep = (text: string) => writeFileSync(join(folder, 'completion-vms.json'), text);
const web1 = { value: 'web1', description: 'of the shop' };

test('hosts and labels are those of the settings', async () => {
  expect(await knownNames('hosts', settings())).toEqual([
    { value: 'host10', description: 'of cluster berlin' },
    { value: 'host2', description: 'of cluster berlin' },
  ]);
  expect((await knownNames('labels', settings())).map(({ value }) => value)).toEqual([
    'cluster=berlin',
    'datacenter=dc1',
    'host=host2',
    'host=host10',
    'rack=a',
    'state=',
    'vm=',
    'kind=',
  ]);
});

test('names are kept for a moment', async () => {
  keep(JSON.stringify({ atMs: Date.now(), names: [web1, { value: 'web2' }] }));
  expect(await knownNames('vms', settings())).toEqual([web1, { value: 'web2' }]);
});

test.each([
  ['long ago', JSON.stringify({ atMs: Date.now() - 6000, names: [web1] })],
  ['by a clock that was set back', JSON.stringify({ atMs: Date.now() + 60_000, names: [web1] })],
  ['by another version', '{"names": 1}'],
  ['in part', '{"atMs": 17'],
])(
  'names that were kept %s are asked for again, and there are none where nobody answers',
  async (_, text) => {
    keep(text);
    expect(await knownNames('vms', settings())).toEqual([]);
  },
);
