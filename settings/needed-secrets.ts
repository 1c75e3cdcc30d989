/** Which process needs which of the secrets that the settings name, and whether it can read them. */
import type { SecretReference, Settings } from './schema.ts';
import { readCodecKey, readSecret } from './secrets.ts';

/** What a secret is for. */
export type SecretPurpose = 'alerts' | 'codec' | 'codecEndpoint' | 'fence';

/** Each secret for these purposes (true: for all) that can't be read, by its key, with the reason and never a value. */
export function unreadableSecrets(
  settings: Settings,
  purposes: boolean | readonly SecretPurpose[],
  env: NodeJS.ProcessEnv,
): { keys: readonly PropertyKey[]; message: string }[] {
  const isNeeded = ({ purpose }: WantedSecret): boolean =>
    typeof purposes === 'boolean' ? purposes : purposes.includes(purpose);
  return secretsOf(settings)
    .filter(isNeeded)
    .flatMap(({ purpose, keys, reference }) => {
      try {
        if (purpose === 'codec') readCodecKey(reference, env);
        else readSecret(reference, env);
        return [];
      } catch (error) {
        return [{ keys, message: (error as Error).message }];
      }
    });
}

interface WantedSecret {
  readonly purpose: SecretPurpose;
  readonly keys: readonly PropertyKey[];
  readonly reference: SecretReference;
}

function secretsOf({ clusters, alerts, temporal: { codec } }: Settings): WantedSecret[] {
  const fences = Object.entries(clusters).flatMap(([cluster, { hosts }]) =>
    Object.entries(hosts).flatMap(([host, { fence }]) =>
      Object.entries(fence?.secrets ?? {}).map(([name, reference]) => ({
        purpose: 'fence' as const,
        keys: ['clusters', cluster, 'hosts', host, 'fence', 'secrets', name],
        reference,
      })),
    ),
  );
  const keys = Object.entries(codec?.keys ?? {}).map(([id, reference]) => ({
    purpose: 'codec' as const,
    keys: ['temporal', 'codec', 'keys', id],
    reference,
  }));
  const others: (Omit<WantedSecret, 'reference'> & { readonly reference: SecretReference | undefined })[] = [
    { purpose: 'alerts', keys: ['alerts', 'tokenEnv'], reference: alerts?.tokenEnv },
    {
      purpose: 'alerts',
      keys: ['alerts', 'tokenFile'],
      reference: alerts?.tokenFile === undefined ? undefined : { file: alerts.tokenFile },
    },
    {
      purpose: 'codecEndpoint',
      keys: ['temporal', 'codec', 'endpoint', 'token'],
      reference: codec?.endpoint?.token,
    },
  ];
  return [
    ...fences,
    ...keys,
    ...others.flatMap(({ reference, ...one }) => (reference === undefined ? [] : [{ ...one, reference }])),
  ];
}
