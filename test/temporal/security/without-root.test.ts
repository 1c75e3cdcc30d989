/** Drover as its systemd units run it: a user without rights, no way to more of them, secrets as credentials. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { Drover } from '../../../client/drover.ts';
import { readSettings } from '../../../settings/read.ts';
import { startTestServer } from '../../support/temporal.ts';
import { Site } from './site.ts';

const cli = fileURLToPath(new URL('../../../client/cli/drover.ts', import.meta.url));
/** nobody: any user that owns nothing. */
const user = 65_534;
const token = 'canary-credential-19d3';

test.skipIf(process.getuid?.() !== 0)(
  'works as a user without rights, by a credential of its unit',
  async () => {
    await using site = await Site.open();
    // Its own: the records of other tests have VMs of the same names.
    const temporal = await startTestServer();
    site.writeSettings({ alerts: { tokenEnv: 'DROVER_TEST_UNIT_TOKEN' } });
    const credentials = join(site.folder, 'credentials');
    const state = join(site.folder, 'state');
    for (const folder of [credentials, state]) mkdirSync(folder, { mode: 0o700 });
    const credential = join(credentials, 'DROVER_TEST_UNIT_TOKEN');
    writeFileSync(credential, `${token}\n`, { mode: 0o400 });
    for (const path of [credentials, credential, state]) chownSync(path, user, user);
    chmodSync(site.folder, 0o755);

    // As User=, NoNewPrivileges= and CapabilityBoundingSet= of the units have it.
    const rights = [
      '--reuid',
      user,
      '--regid',
      user,
      '--clear-groups',
      '--no-new-privs',
      '--bounding-set=-all',
    ];
    const started = [
      '--inh-caps=-all',
      process.execPath,
      cli,
      '--settings',
      site.settingsFile,
      'up',
      '--quiet',
    ];
    const up = spawn('setpriv', [...rights, ...started].map(String), {
      cwd: '/',
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        CREDENTIALS_DIRECTORY: credentials,
        TEMPORAL_ADDRESS: temporal.address,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = Promise.all([text(up.stdout), text(up.stderr)]);
    try {
      process.env['TEMPORAL_ADDRESS'] = temporal.address;
      await using drover = await Drover.connect(readSettings(site.settingsFile));
      await vi.waitFor(() => drover.inventory({ timeoutMs: 5000 }), { timeout: 60_000 });
      const operation = await drover.start('migrateVm', { vm: 'web1', to: 'host2' });
      expect(await operation.result()).toMatchObject({ outcome: 'moved' });
      expect(await vi.waitFor(() => site.alert('web1', token), { timeout: 20_000 })).toMatchObject({
        status: 202,
      });
      for (const name of readdirSync(join(state, 'run'))) {
        const { pid } = JSON.parse(readFileSync(join(state, 'run', name), 'utf8')) as { pid: number };
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        expect([name, status]).toEqual([name, expect.stringMatching(/^Uid:\t65534\t65534\t65534/m)]);
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
        expect(status).toMatch(/^CapBnd:\t0+$/m);
      }
      for (const file of readdirSync(join(state, 'log')))
        expect([file, statSync(join(state, 'log', file)).mode & 0o077]).toEqual([file, 0]);
    } finally {
      delete process.env['TEMPORAL_ADDRESS'];
      up.kill('SIGTERM');
    }
    const [code] = (await once(up, 'exit')) as [number | null];
    await temporal.stop();
    expect([code, (await said).join('')]).toEqual([0, expect.stringContaining('ended')]);
  },
  120_000,
);
