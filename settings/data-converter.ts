/** How what Drover hands to Temporal becomes bytes, and is read again: one way for clients, workers and replays. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptingCodec } from './payload-codec.ts';
import type { Settings } from './schema.ts';
import { readCodecKey } from './secrets.ts';
import { TemporalConfigError } from './temporal.ts';

const encodedFailures = fileURLToPath(new URL('./encoded-failures.ts', import.meta.url));

/**
 * The keys of `temporal.codec` are read now. Without the setting nothing is encrypted, and an encrypted payload is an
 * error that names its key.
 * @throws TemporalConfigError for a key that can't be read
 */
export function dataConverterOf(
  settings: Pick<Settings, 'temporal'>,
  env: NodeJS.ProcessEnv = process.env,
): DataConverter {
  const codec = codecOf(settings, env);
  const encrypts = settings.temporal.codec?.current !== undefined;
  return { payloadCodecs: [codec], ...(encrypts ? { failureConverterPath: encodedFailures } : {}) };
}

/** The codec alone, for whoever has payloads from elsewhere. @throws TemporalConfigError */
export function codecOf(
  { temporal: { codec } }: Pick<Settings, 'temporal'>,
  env: NodeJS.ProcessEnv = process.env,
): EncryptingCodec {
  const keys = Object.entries(codec?.keys ?? {}).map(([id, reference]) => {
    try {
      return [id, readCodecKey(reference, env)] as const;
    } catch (error) {
      throw new TemporalConfigError(
        `what Temporal has is encrypted, but temporal.codec.keys.${id} ${(error as Error).message}`,
        { cause: error },
      );
    }
  });
  return new EncryptingCodec(new Map(keys), codec?.current);
}
