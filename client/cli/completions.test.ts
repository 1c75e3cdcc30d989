import { describe, expect, test } from 'vitest';
import { completionsFor, type AskNames, type NameKind } from './completions.ts';
import { droverProgram } from './program.ts';
import { verbs } from './verbs.ts';

const live: Readonly<Record<NameKind, readonly string[]>> = {
  vms: ['web1', 'web2', 'db1'],
  hosts: ['host1', 'host2'],
  operations: ['migrate-vm/web1/2026-11-24T10:00:00.000Z'],
  labels: ['host=host1', 'state='],
};

/** @param line what was typed behind `drover`; a blank at the end begins another word */
async function complete(line: string, asked: unknown[] = []): Promise<readonly string[] | 'files'> {
  const names: AskNames = async (kind, settingsFile) => {
    asked.push([kind, settingsFile]);
    return live[kind].map((value) => ({ value }));
  };
  const found = await completionsFor(droverProgram(), line.split(' '), names);
  return found === 'files' ? found : found.map(({ value }) => value);
}

describe('what may come next', () => {
  test('is a verb, of those that people use', async () => {
    const found = await complete('');
    expect(found).toEqual([...verbs.filter(({ hidden }) => !hidden).map(({ name }) => name), 'help']);
    expect(await complete('mi')).toEqual(['migrate']);
    expect(await complete('help mi')).toEqual(['migrate']);
  });

  test.each([
    ['migrate ', live.vms],
    ['migrate we', ['web1', 'web2']],
    ['migrate web1 ', []],
    ['migrate web1 --to ', live.hosts],
    ['migrate --to host1 w', ['web1', 'web2']],
    ['migrate --dry-run d', ['db1']],
    ['migrate web1 --to=host', ['--to=host1', '--to=host2']],
    ['migrate web1 --wa', ['--wait', '--watch']],
    ['migrate web1 --reason ', []],
    ['settle web1 --runs-on ', live.hosts],
    ['watch ', live.operations],
    ['cancel migrate-vm/web1/2026-11-24T10:', live.operations],
    ['get ', ['hosts', 'vms', 'clusters', 'operations']],
    ['get vms -o ', ['table', 'json', 'yaml']],
    ['get vms --output=y', ['--output=yaml']],
    ['get vms -l host', ['host=host1']],
    ['describe ', ['vm', 'host', 'operation']],
    ['describe vm d', ['db1']],
    ['describe hosts ', live.hosts],
    ['top hosts --sort ', ['cpu', 'memory']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['schema mi', ['migrateVm']],
    ['nonsense ', []],
    ['--se', ['--settings']],
  ])('after %j: %j', async (line, expected) => {
    expect(await complete(line)).toEqual(expected);
  });

  test('is a file where one is wanted', async () => {
    expect(await complete('-s ')).toBe('files');
    expect(await complete('get vms --settings ')).toBe('files');
  });

  test('names are those of the settings that stand in the line, and asked for where they are wanted alone', async () => {
    const asked: unknown[] = [];
    await complete('get vms -o j', asked);
    expect(asked).toEqual([]);
    await complete('-s a.yaml migrate ', asked);
    await complete('migrate --settings=b.yaml ', asked);
    await complete('migrate ', asked);
    expect(asked).toEqual([
      ['vms', 'a.yaml'],
      ['vms', 'b.yaml'],
      ['vms', undefined],
    ]);
  });
});
