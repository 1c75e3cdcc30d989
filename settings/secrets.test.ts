import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCodecKey, readSecret } from './secrets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('a secret is read', () => {
  test('from the environment, or from the first line of a file', () => {
    expect(readSecret('TOKEN', { TOKEN: 'abc' })).toBe('abc');
    expect(readSecret({ file: file('token', 'abc\nmore\n') }, {})).toBe('abc');
  });

  test('from a credential of systemd’s where the environment has none of the name', () => {
    file('TOKEN', 'of-the-unit\n', 0o400);
    const env = { CREDENTIALS_DIRECTORY: folder };
    expect(readSecret('TOKEN', env)).toBe('of-the-unit');
    expect(readSecret('TOKEN', { ...env, TOKEN: 'of-the-environment' })).toBe('of-the-environment');
    expect(() => readSecret('OTHER', env)).toThrow(/neither set .* nor a credential of this unit/);
  });
});

describe('is refused', () => {
  test.for([0o640, 0o604, 0o644, 0o660, 0o666])('a file of one’s own with mode %o', (mode) => {
    const path = file('token', 'canary-7f3a\n', mode);
    expect(() => readSecret({ file: path }, {})).toThrow(
      `names the file ${path}, which others can read (mode 0${mode.toString(8)}): chmod 600 ${path}`,
    );
  });

  test('what is not there or empty, without any value in the message', () => {
    expect(() => readSecret('TOKEN', {})).toThrow('names the environment variable TOKEN, which is not set');
    expect(() => readSecret({ file: join(folder, 'none') }, {})).toThrow(/can't be read \(ENOENT\)/);
    expect(() => readSecret({ file: file('empty', '\ncanary-7f3a\n') }, {})).toThrow(
      /whose first line is empty$/,
    );
  });
});

describe('a key of the codec', () => {
  const bytes = Buffer.alloc(32, 7);

  test.for([bytes.toString('base64'), bytes.toString('hex'), bytes.toString('hex').toUpperCase()])(
    'may be written as %s',
    (text) => {
      expect(readCodecKey('KEY', { KEY: text }).export()).toEqual(bytes);
    },
  );

  test.for([
    [
      'of another length',
      bytes.subarray(1).toString('base64'),
      /names KEY, which holds 31 bytes; a key is 32/,
    ],
    ['that is a sentence', 'correct horse battery staple', /holds neither base64 nor hex/],
  ] as const)('%s is refused, and not repeated', ([, text, message]) => {
    expect(() => readCodecKey('KEY', { KEY: text })).toThrow(message);
    expect(() => readCodecKey('KEY', { KEY: text })).not.toThrow(text);
  });
});
