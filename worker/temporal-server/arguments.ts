/** How the embedded server is started: what of Temporal's dev server Drover sets, and why. */
import { searchAttributeTypes } from './search-attributes.ts';

/**
 * Dynamic configuration of the embedded server. The dev server has one history shard, whose queues read at most 20
 * times a second: beyond the first dozen a step of a workflow then costs 100 ms instead of some 13 (`npm run
 * bench:steps` measures both).
 */
export const tunedConfiguration: Readonly<Record<string, number | boolean>> = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 200,
  'system.enableActivityEagerExecution': true,
};

/** What differs from one embedded server to another. */
export interface DevServer {
  /** The SQLite file; it is made where it is missing and kept between starts. */
  readonly databaseFile: string;
  /** gRPC; 127.0.0.1 only. */
  readonly port: number;
  /** The web page; absent: none is served. */
  readonly uiPort?: number;
  readonly namespace: string;
  /** Default: `tunedConfiguration`. */
  readonly configuration?: Readonly<Record<string, number | boolean>>;
}

/** The arguments of `temporal`. */
export function devServerArguments({
  databaseFile,
  port,
  uiPort,
  namespace,
  configuration = tunedConfiguration,
}: DevServer): string[] {
  return [
    'server',
    'start-dev',
    // The dev server knows no authentication: it is never reachable from another machine.
    ...flag('--ip', '127.0.0.1'),
    ...flag('--port', port),
    ...(uiPort === undefined ? ['--headless'] : flag('--ui-port', uiPort)),
    ...flag('--db-filename', databaseFile),
    ...flag('--namespace', namespace),
    ...flag('--log-level', 'warn'),
    ...Object.entries(searchAttributeTypes).flatMap(([name, type]) =>
      flag('--search-attribute', `${name}=${type}`),
    ),
    ...Object.entries(configuration).flatMap(([key, value]) =>
      flag('--dynamic-config-value', `${key}=${value}`),
    ),
  ];
}

function flag(name: string, value: string | number): [string, string] {
  return [name, String(value)];
}
