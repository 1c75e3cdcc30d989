import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  cachedBinary,
  findTemporalBinary,
  NoTemporalBinaryError,
  type Getter,
  type Report,
} from './binary.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-binary-'));
  env = { HOME: folder, PATH: join(folder, 'bin') };
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const works = 'echo temporal version 1.5.1';
const fails: Getter = () => Promise.reject(new Error('no network'));
const puts: Getter = async (target) => {
  program(target, works);
};
const find = (ways: { from: 'download' | 'go build'; get: Getter }[] = [], report: Report = () => {}) =>
  findTemporalBinary({ env, ways, report });

describe('the Temporal CLI is taken', () => {
  test('from TEMPORAL_CLI_PATH before all else, and which one is said', async () => {
    env['TEMPORAL_CLI_PATH'] = program(join(folder, 'mine'), works);
    program(join(folder, 'bin', 'temporal'), works);
    const said: string[] = [];
    expect(await find([], (line) => said.push(line))).toMatchObject({
      path: join(folder, 'mine'),
      from: 'TEMPORAL_CLI_PATH',
    });
    expect(said).toEqual([
      `Temporal CLI: ${join(folder, 'mine')} (TEMPORAL_CLI_PATH), temporal version 1.5.1`,
    ]);
  });

  test('from the PATH before the cache', async () => {
    program(join(folder, 'bin', 'temporal'), works);
    program(cachedBinary(env), works);
    expect(await find()).toMatchObject({ from: 'PATH' });
  });

  test('from the cache where the one on the PATH does not run', async () => {
    program(join(folder, 'bin', 'temporal'), 'exit 126');
    program(cachedBinary(env), works);
    expect(await find()).toMatchObject({ from: 'cache', path: cachedBinary(env) });
  });

  test('from a Go build where the download fails, and from the cache ever after', async () => {
    const ways = [
      { from: 'download', get: fails },
      { from: 'go build', get: puts },
    ] as const;
    expect(await find([...ways])).toMatchObject({ from: 'go build' });
    expect(await find([...ways])).toMatchObject({ from: 'cache' });
  });
});

describe('what can’t be had is said with everything that was tried', () => {
  test('no way leads to one', async () => {
    program(join(folder, 'bin', 'temporal'), 'exit 126');
    const search = find([
      { from: 'download', get: fails },
      { from: 'go build', get: () => Promise.reject(new Error('there is no working `go` on the PATH')) },
    ]);
    await expect(search).rejects.toThrow(NoTemporalBinaryError);
    await expect(search).rejects.toThrow(
      /PATH: .* doesn't run.*\n.*download: no network\n.*go build: there is no/,
    );
  });

  test('TEMPORAL_CLI_PATH names what is no program', async () => {
    env['TEMPORAL_CLI_PATH'] = join(folder, 'missing');
    program(join(folder, 'bin', 'temporal'), works);
    await expect(find()).rejects.toThrow(/TEMPORAL_CLI_PATH names .*missing, which doesn't run/);
  });
});
