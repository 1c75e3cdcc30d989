/** Secrets stand in the environment or in files; the settings only name them. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretReference } from './schema.ts';

/**
 * The value of a secret, read anew each time, so that a file can be replaced while Drover runs. A name is that of an
 * environment variable, or else of a credential that systemd gave the unit (systemd.exec(5), LoadCredential=).
 * @throws Error that names the reference and never a value: not set, not readable, empty, or a file of this user's that
 *   others can read
 */
export function readSecret(reference: SecretReference, env: NodeJS.ProcessEnv = process.env): string {
  if (typeof reference !== 'string') return readSecretFile(reference.file);
  const value = env[reference];
  if (value) return value;
  const credentials = env['CREDENTIALS_DIRECTORY'];
  if (!credentials)
    throw new Error(
      `names the environment variable ${reference}, which is not set: set it, or leave that key out`,
    );
  const file = join(credentials, reference);
  if (!existsSync(file))
    throw new Error(
      `names ${reference}, which is neither set in the environment nor a credential of this unit (LoadCredential=${reference}:PATH)`,
    );
  return readSecretFile(file);
}

const keyBytes = 32;
const keyRule = 'a key is 32 bytes, as base64 or hex: make one with openssl rand -base64 32';

/** A key of the payload codec. @throws Error as `readSecret`, and for what is no key of 256 bits */
export function readCodecKey(reference: SecretReference, env?: NodeJS.ProcessEnv): KeyObject {
  const text = readSecret(reference, env);
  const encoding = /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64';
  const name = typeof reference === 'string' ? reference : `the file ${reference.file}`;
  if (encoding === 'base64' && !/^[A-Za-z0-9+/]+=*$/.test(text))
    throw new Error(`names ${name}, which holds neither base64 nor hex; ${keyRule}`);
  const bytes = Buffer.from(text, encoding);
  if (bytes.length !== keyBytes)
    throw new Error(`names ${name}, which holds ${bytes.length} bytes; ${keyRule}`);
  return createSecretKey(bytes);
}

function readSecretFile(file: string): string {
  let text: string;
  try {
    text = readPrivately(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(`names the file ${file}, which can't be read (${code})`, { cause: error });
  }
  const value = text.split('\n')[0]?.trim() ?? '';
  if (!value) throw new Error(`names the file ${file}, whose first line is empty`);
  return value;
}

/** As ssh holds it with its keys: a file of one's own must be closed to others; whose it is else answers for it. */
function readPrivately(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const { uid, mode } = fstatSync(fd);
    if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(4, '0');
      throw new Error(`names the file ${file}, which others can read (mode ${bits}): chmod 600 ${file}`);
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
