/** Which Temporal server Drover works with: one that is configured for Temporal's own tools, or its embedded one. */
import { existsSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { loadClientConfigProfile, toClientOptions, type ClientConfigProfile } from '@temporalio/envconfig';
import type { Settings } from './schema.ts';

type NativeOptions = ReturnType<typeof toClientOptions>['connectionOptions'];

/** What both `Connection.connect` (client) and `NativeConnection.connect` (worker) take. */
export interface TemporalConnectConfig {
  /** `host:port` */
  readonly address: string;
  readonly tls?: NonNullable<NativeOptions['tls']>;
  readonly apiKey?: string;
  readonly metadata?: Record<string, string>;
}

/** The server that was chosen, and why. */
export interface TemporalTarget {
  /** `embedded`: the one that `drover up` starts on this machine; `configured`: somebody else runs it. */
  readonly kind: 'configured' | 'embedded';
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  /** The web page of the embedded server, or `temporal.uiUrl`; where that of a configured one is, nobody else says. */
  readonly uiUrl?: string;
  readonly connectConfig: TemporalConnectConfig;
  /** One sentence for people: which server was taken and why. */
  readonly because: string;
}

/** Temporal's own configuration (environment, `temporal.toml`) can't be used; the message says what to change. */
export class TemporalConfigError extends Error {
  override readonly name = 'TemporalConfigError';
}

/** Where a profile that names no address leads, as with all of Temporal's tools. */
const temporalDefaultAddress = 'localhost:7233';
const defaultNamespace = 'default';

/**
 * The Temporal server to work with. A configured one is taken when `TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE` or an
 * address in the default profile of `temporal.toml` says so (`TEMPORAL_CONFIG_FILE` names another file); else the
 * embedded one at `temporal.embedded.port` of the settings. API key, TLS and namespace come from the same places.
 * @throws TemporalConfigError for a file that can't be read or parsed, and for a profile that isn't in it
 */
export function temporalTarget(
  settings: Pick<Settings, 'temporal'>,
  env: NodeJS.ProcessEnv = process.env,
): TemporalTarget {
  const given = withoutEmpty(env);
  const file = configFile(given);
  const inFile = loadProfile(given, file, true);
  const profile = loadProfile(given, file, false);
  const name = given['TEMPORAL_PROFILE'];
  const address = profile.address ?? (name ? temporalDefaultAddress : undefined);
  if (address === undefined) return embedded(settings, profile.namespace ?? defaultNamespace);

  const source = given['TEMPORAL_ADDRESS']
    ? 'TEMPORAL_ADDRESS names it'
    : name
      ? `TEMPORAL_PROFILE is ${name}${inFile.address ? '' : ', which names no address'}`
      : `${file} names it`;
  const namespace = profile.namespace ?? defaultNamespace;
  const { tls, apiKey } = readCredentials(profile, file);
  return {
    kind: 'configured',
    address,
    namespace,
    ...(settings.temporal.uiUrl === undefined ? {} : { uiUrl: settings.temporal.uiUrl }),
    connectConfig: {
      address,
      ...(tls ? { tls } : {}),
      ...(apiKey ? { apiKey } : {}),
      ...(profile.grpcMeta ? { metadata: profile.grpcMeta } : {}),
    },
    because: `Temporal at ${address}, namespace ${namespace}, is used because ${source}; none is started.`,
  };
}

function embedded(settings: Pick<Settings, 'temporal'>, namespace: string): TemporalTarget {
  const { port, uiPort } = settings.temporal.embedded;
  const address = `127.0.0.1:${port}`;
  return {
    kind: 'embedded',
    address,
    namespace,
    uiUrl: settings.temporal.uiUrl ?? `http://127.0.0.1:${uiPort}`,
    connectConfig: { address },
    because: `The embedded Temporal server at ${address}, namespace ${namespace}, is used because neither TEMPORAL_ADDRESS nor a profile nor temporal.toml names another.`,
  };
}

/** `export TEMPORAL_ADDRESS=` is how people unset a variable in a unit file; Temporal's reader takes '' as an address. */
function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    // An empty TEMPORAL_GRPC_META_* has a meaning: it removes that header.
    if (value || (value === '' && key.startsWith('TEMPORAL_GRPC_META_'))) kept[key] = value;
  }
  return kept;
}

function loadProfile(env: Record<string, string>, file: string, disableEnv: boolean): ClientConfigProfile {
  if (env['TEMPORAL_CONFIG_FILE'] && !existsSync(file)) {
    throw new TemporalConfigError(`TEMPORAL_CONFIG_FILE names ${file}, which does not exist.`);
  }
  try {
    return readProfile(env, file, disableEnv);
  } catch (error) {
    const message = (error as Error).message;
    const profile = env['TEMPORAL_PROFILE'];
    if (profile && message.includes('not found in config data')) {
      throw new TemporalConfigError(
        `TEMPORAL_PROFILE is ${profile}, but ${existsSync(file) ? `${file} has no [profile.${profile}]` : `there is no ${file} that could hold it`}.`,
        { cause: error },
      );
    }
    throw new TemporalConfigError(
      `Temporal's configuration ${file} can't be read: ${message.trim().replaceAll('\n', '\n  ')}`,
      { cause: error },
    );
  }
}

function readProfile(env: Record<string, string>, file: string, disableEnv: boolean): ClientConfigProfile {
  const options = { overrideEnvVars: env, disableEnv };
  try {
    return loadClientConfigProfile({ ...options, configSource: { path: file } });
  } catch (error) {
    // A file without any [profile.*], an empty one say, makes the reader fail on its own `undefined`.
    if (!(error instanceof TypeError)) throw error;
    return loadClientConfigProfile({ ...options, configSource: { data: '[profile]' } });
  }
}

function readCredentials(profile: ClientConfigProfile, file: string): Pick<NativeOptions, 'tls' | 'apiKey'> {
  try {
    return toClientOptions(profile).connectionOptions;
  } catch (error) {
    throw new TemporalConfigError(
      `A certificate or key for Temporal (from TEMPORAL_TLS_* or ${file}) can't be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** As Temporal's tools find it: https://docs.temporal.io/develop/environment-configuration */
function configFile(env: Record<string, string>): string {
  if (env['TEMPORAL_CONFIG_FILE']) return env['TEMPORAL_CONFIG_FILE'];
  const home = env['HOME'] ?? homedir();
  const folder =
    platform() === 'darwin'
      ? join(home, 'Library', 'Application Support')
      : (env['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  return join(folder, 'temporalio', 'temporal.toml');
}
