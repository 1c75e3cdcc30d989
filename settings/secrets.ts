/** Secrets stand in the environment or in files; the settings only name them. */
import { readFileSync } from 'node:fs';
import type { SecretReference } from './schema.ts';

/**
 * The value of a secret, read anew each time, so that a file can be replaced while Drover runs.
 * @throws Error that names the reference and never a value
 */
export function readSecret(reference: SecretReference, env: NodeJS.ProcessEnv = process.env): string {
  if (typeof reference === 'string') {
    const value = env[reference];
    if (!value) throw new Error(`names the environment variable ${reference}, which is not set`);
    return value;
  }
  let text: string;
  try {
    text = readFileSync(reference.file, 'utf8');
  } catch (error) {
    throw new Error(
      `names the file ${reference.file}, which can't be read (${(error as NodeJS.ErrnoException).code})`,
      { cause: error },
    );
  }
  const value = text.split('\n')[0]?.trim() ?? '';
  if (!value) throw new Error(`names the file ${reference.file}, whose first line is empty`);
  return value;
}
