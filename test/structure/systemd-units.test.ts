/** The units of systemd/, as systemd itself reads them: installed into a folder, by its own page's commands. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const units = readdirSync('systemd').filter((name) => name.endsWith('.service'));
const ofSystem = '/lib/systemd/system';
/** Debian has it in the package systemd; systemd need not run. */
const hasSystemd = existsSync('/usr/bin/systemd-analyze') && existsSync(ofSystem);
/** Of 10, in tenths: what systemd calls "OK" ends at 5. Node needs the network, /proc, and memory that it executes. */
const mostExposure = 20;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-units-'));
  if (!hasSystemd) return;
  const installed = join(root, 'etc/systemd/system');
  // What units need that every machine has: targets and slices.
  cpSync(ofSystem, join(root, ofSystem), { recursive: true, verbatimSymlinks: true });
  for (const unit of units) {
    mkdirSync(installed, { recursive: true });
    cpSync(join('systemd', unit), join(installed, unit));
  }
  for (const folder of ['drover-.service.d', 'drover.service.d']) {
    mkdirSync(join(installed, folder));
    cpSync('systemd/hardening.conf', join(installed, folder, 'hardening.conf'));
  }
  const bin = join(root, 'opt/drover/node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '', { mode: 0o755 });
});
afterAll(() => rmSync(root, { recursive: true }));

test('are one for each process, and start what is there', () => {
  const started = units.map((unit) => {
    const text = readFileSync(join('systemd', unit), 'utf8');
    const [, script = ''] =
      /^ExecStart=\/opt\/drover\/node_modules\/\.bin\/node \/opt\/drover\/(\S+)/m.exec(text) ?? [];
    expect([unit, existsSync(script)]).toEqual([unit, true]);
    expect(text).toContain('--settings /etc/drover/drover.yaml');
    return script;
  });
  expect(started.toSorted()).toEqual([
    'client/alerts/main.ts',
    'client/cli/drover.ts',
    'client/codec/main.ts',
    'worker/main.ts',
    'worker/temporal-server/main.ts',
  ]);
});

describe.skipIf(!hasSystemd).each(units)('%s', (unit) => {
  test('is understood as a whole', async () => {
    const { stderr, exitCode } = await execa(
      'systemd-analyze',
      ['verify', '--man=no', `--root=${root}`, `/etc/systemd/system/${unit}`],
      { reject: false },
    );
    expect([exitCode, stderr.split('\n').filter((line) => line.includes('drover'))]).toEqual([0, []]);
  });

  test('leaves little to whoever takes its process over', async () => {
    const asked = [
      'security',
      '--offline=yes',
      '--no-pager',
      `--root=${root}`,
      `--threshold=${mostExposure}`,
      unit,
    ];
    const { stdout, exitCode } = await execa('systemd-analyze', asked, { reject: false });
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/Overall exposure level for .*: [01]\.\d OK/),
    ]);
    expect(stdout).toMatch(/✓ User=\/DynamicUser=/);
    expect(stdout).toMatch(/✓ NoNewPrivileges=/);
  });
});
