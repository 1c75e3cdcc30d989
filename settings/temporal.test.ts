import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stateFolder } from './state-folder.ts';
import { TemporalConfigError, temporalTarget } from './temporal.ts';

const settings = { temporal: { embedded: { port: 7001, uiPort: 8001 }, retentionDays: 30 } };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-temporal-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function toml(text: string): NodeJS.ProcessEnv {
  const file = join(folder, 'temporal.toml');
  writeFileSync(file, text);
  return { HOME: folder, TEMPORAL_CONFIG_FILE: file };
}

describe('which Temporal server is used', () => {
  test('where its UI is the settings may say, of any server', () => {
    const uiUrl = 'https://temporal.example';
    const said = { temporal: { ...settings.temporal, uiUrl } };
    const ours = { HOME: folder, TEMPORAL_ADDRESS: 'temporal.example:7233' };
    expect(temporalTarget(said, ours)).toMatchObject({ kind: 'configured', uiUrl });
    expect(temporalTarget(settings, ours).uiUrl).toBeUndefined();
    expect(temporalTarget(said, { HOME: folder })).toMatchObject({ kind: 'embedded', uiUrl });
  });

  test('the embedded one on its ports where nothing is configured', () => {
    const target = temporalTarget(settings, { HOME: folder });
    expect(target).toMatchObject({
      kind: 'embedded',
      address: '127.0.0.1:7001',
      namespace: 'default',
      uiUrl: 'http://127.0.0.1:8001',
      connectConfig: { address: '127.0.0.1:7001' },
    });
    expect(target.because).toMatch(/neither TEMPORAL_ADDRESS nor a profile nor temporal.toml/);
  });

  test('the one of TEMPORAL_ADDRESS, with its namespace, and an API key turns TLS on', () => {
    const target = temporalTarget(settings, {
      HOME: folder,
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'herd',
      TEMPORAL_API_KEY: 'k',
    });
    expect(target).toMatchObject({
      kind: 'configured',
      namespace: 'herd',
      connectConfig: { address: 'temporal.example:7233', tls: true, apiKey: 'k' },
    });
    expect(target.because).toMatch(/TEMPORAL_ADDRESS names it; none is started/);
  });

  test('an empty TEMPORAL_ADDRESS is none', () => {
    expect(temporalTarget(settings, { HOME: folder, TEMPORAL_ADDRESS: '' }).kind).toBe('embedded');
  });

  test('the one that the default profile of the file names', () => {
    const target = temporalTarget(settings, toml('[profile.default]\naddress = "a:1"\nnamespace = "n"\n'));
    expect(target).toMatchObject({ kind: 'configured', address: 'a:1', namespace: 'n' });
    expect(target.because).toContain('temporal.toml names it');
  });

  test('the one of TEMPORAL_PROFILE; without an address in it, where all Temporal tools look', () => {
    const env = toml('[profile.lab]\naddress = "b:2"\n[profile.bare]\nnamespace = "x"\n');
    expect(temporalTarget(settings, { ...env, TEMPORAL_PROFILE: 'lab' }).address).toBe('b:2');
    const bare = temporalTarget(settings, { ...env, TEMPORAL_PROFILE: 'bare' });
    expect(bare).toMatchObject({ kind: 'configured', address: 'localhost:7233', namespace: 'x' });
    expect(bare.because).toContain('names no address');
  });

  test('the embedded one where the file is empty', () => {
    expect(temporalTarget(settings, toml('')).kind).toBe('embedded');
  });

  test('a file without an address gives the embedded server its namespace', () => {
    expect(temporalTarget(settings, toml('[profile.default]\nnamespace = "x"\n'))).toMatchObject({
      kind: 'embedded',
      namespace: 'x',
    });
  });
});

describe('a configuration that can’t be used is refused with what to change', () => {
  test.for([
    [
      'a profile without a file',
      () => ({ HOME: folder, TEMPORAL_PROFILE: 'lab' }),
      /there is no .*temporal.toml/,
    ],
    [
      'a profile that isn’t there',
      () => ({ ...toml(''), TEMPORAL_PROFILE: 'lab' }),
      /has no \[profile.lab\]/,
    ],
    ['a file that is named and missing', () => ({ TEMPORAL_CONFIG_FILE: '/nowhere.toml' }), /does not exist/],
    ['a file that is no TOML', () => toml('[profile'), /temporal.toml can't be read: Invalid TOML/],
    [
      'a certificate that is missing',
      () => ({
        HOME: folder,
        TEMPORAL_ADDRESS: 'a:1',
        TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere.pem',
        TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere.key',
      }),
      /certificate or key .*nowhere/,
    ],
  ] as [string, () => NodeJS.ProcessEnv, RegExp][])('%s', ([, env, message]) => {
    const given = env();
    expect(() => temporalTarget(settings, given)).toThrow(TemporalConfigError);
    expect(() => temporalTarget(settings, given)).toThrow(message);
  });
});

describe('the state folder', () => {
  test('is the settings’ own, root’s, or the user’s', () => {
    expect(stateFolder({ stateDir: '/s' }, {}, 0)).toBe('/s');
    expect(stateFolder({}, {}, 0)).toBe('/var/lib/drover');
    expect(stateFolder({}, { HOME: '/home/ann' }, 1000)).toBe('/home/ann/.local/state/drover');
    expect(stateFolder({}, { HOME: '/home/ann', XDG_STATE_HOME: '/x' }, 1000)).toBe('/x/drover');
  });
});
