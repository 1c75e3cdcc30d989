/** The entry points themselves: each ends by its options, before it does anything. */
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

const project = join(import.meta.dirname, '..');
const programs = [
  ['demo/start.ts', '--once', '--json', '--yes', '--simulated', '--folder <dir>', '--lab <file>'],
  ['bench/migrate.ts', '--pairs <n>', '--lab <file>', '--json'],
  ['bench/placement-speed.ts', '--hosts <n>', '--vms <n>', '--clusters <n>', '--json'],
  ['bench/simulated.ts', '--sizes <list>', '--migrations <n>', '--at-once <n>', '--rate <r>', '--json'],
  ['bench/steps.ts', '--runs <n>', '--steps <n>', '--json'],
  ['lab/cli.ts', '--lab <file>', 'up', 'down', 'status'],
  ['lab/simulated/cli.ts', '--folder <dir>', 'up', 'down', 'status'],
] as const;

const run = (program: string, ...args: string[]) =>
  execa(process.execPath, [join(project, program), ...args], { reject: false, timeout: 20_000 });

describe.each(programs)('%s', (program, ...options) => {
  test('lists its options on --help', async () => {
    const { exitCode, stdout } = await run(program, '--help');
    for (const option of options) expect(stdout).toContain(`  ${option}`);
    expect(exitCode).toBe(0);
  });

  test('lists them after one that it does not know, exit code 2', async () => {
    const { exitCode, stdout, stderr } = await run(program, '--fast');
    expect(stderr).toContain("unknown option '--fast'");
    for (const option of options) expect(stderr).toContain(`  ${option}`);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

test('options that exclude each other are a mistake in use', async () => {
  const { exitCode, stderr } = await run('demo/start.ts', '--lab', 'lab/default.yaml', '--simulated');
  expect(stderr).toContain("option '--lab <file>' cannot be used with option '--simulated'");
  expect(exitCode).toBe(2);
});
