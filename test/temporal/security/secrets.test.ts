/** Where the secrets of the settings may not be: in histories, logs, argument lists, or what Drover prints. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { Site } from './site.ts';

const cli = fileURLToPath(new URL('../../../client/cli/drover.ts', import.meta.url));

const canary = (): string => `canary${randomBytes(12).toString('hex')}`;
const secrets = {
  DROVER_TEST_ALERT_TOKEN: canary(),
  DROVER_TEST_BMC_PASSWORD: canary(),
  DROVER_TEST_CODEC_TOKEN: canary(),
};
afterEach(() => {
  for (const name of Object.keys(secrets)) delete process.env[name];
});

/** Whose arguments hold one of these, of all processes of this machine. */
function argumentsWith(texts: readonly string[]): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
      return texts.some((text) => line.includes(text)) ? [line.replaceAll('\0', ' ')] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

test('no secret is in a history, a log, an argument list or an answer of the CLI', async () => {
  Object.assign(process.env, secrets);
  await using site = await Site.open();
  // Read by Temporal's database and its tools as it is: nothing is encrypted in this run.
  const codecKey = randomBytes(32).toString('base64');
  const keyFile = join(site.folder, 'codec-key');
  writeFileSync(keyFile, `${codecKey}\n`, { mode: 0o600 });
  const all = [...Object.values(secrets), codecKey];
  const seen = new Set<string>();
  const watch = setInterval(() => {
    for (const line of argumentsWith(all)) seen.add(line);
  }, 50);
  try {
    const { drover } = await site.up({
      alerts: { tokenEnv: 'DROVER_TEST_ALERT_TOKEN' },
      codec: {
        keys: { k1: { file: keyFile } },
        endpoint: { listen: `127.0.0.1:${site.ports.codec}`, token: 'DROVER_TEST_CODEC_TOKEN' },
      },
      fence: {
        agent: 'fence_redfish',
        options: { ip: '127.0.0.1', username: 'drover' },
        secrets: { password: 'DROVER_TEST_BMC_PASSWORD' },
      },
    });
    const operation = await drover.start('migrateVm', { vm: 'web1', to: 'host2' });
    await operation.result();
    expect(await site.alert('web1', secrets.DROVER_TEST_ALERT_TOKEN)).toMatchObject({ status: 202 });
    const wrong = await site.alert('web1', 'wrong');
    expect(wrong.status).toBe(401);

    const printed: string[] = [wrong.text];
    for (const verb of [
      ['check', '-o', 'json'],
      ['get', 'hosts', '-o', 'json'],
      ['get', 'operations', '-o', 'json'],
      ['describe', 'vm', 'web1', '-o', 'json'],
      ['describe', 'host', 'host1', '-o', 'json'],
      ['describe', 'operation', operation.workflowId, '-o', 'json'],
      ['explain', 'web1', '-o', 'json'],
    ]) {
      const args = [cli, '--settings', site.settingsFile, ...verb];
      const { stdout, stderr, exitCode } = await execa(process.execPath, args, { reject: false });
      expect([verb.join(' '), exitCode, stderr]).toEqual([verb.join(' '), 0, '']);
      printed.push(stdout);
    }
    await site.down();

    expect([...seen]).toEqual([]);
    for (const secret of all) {
      expect(site.filesWith(secret)).toEqual([]);
      expect(site.filesWith(Buffer.from(secret).toString('base64').slice(0, -4))).toEqual([]);
      expect(printed.join('\n')).not.toContain(secret);
    }
    // What is looked through is there: the operation in the database, the alert receiver in its log.
    expect(site.filesWith(operation.workflowId).join()).toContain('temporal.db');
    expect(site.filesWith('alert receiver: http://').join()).toContain('alerts.log');
  } finally {
    clearInterval(watch);
  }
}, 120_000);

test('a secret that others can read is refused before anything starts, and named without its value', async () => {
  await using site = await Site.open();
  const file = join(site.folder, 'token');
  writeFileSync(file, 'canary-open-8a21\n', { mode: 0o644 });
  const settings = `alerts: {tokenFile: ${file}}\nclusters: {c: {datacenter: d, hosts: {host1: {uri: "sim://127.0.0.1:1/host1"}}}}\n`;
  writeFileSync(site.settingsFile, settings);
  for (const verb of ['check', 'up']) {
    const args = [cli, '--settings', site.settingsFile, verb];
    const { stderr, exitCode } = await execa(process.execPath, args, { reject: false });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      `alerts.tokenFile names the file ${file}, which others can read (mode 0644): chmod 600`,
    );
    expect(stderr).not.toContain('canary');
  }
});
