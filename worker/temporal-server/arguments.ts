/** How the embedded server is started: what of Temporal's dev server Drover sets, and why. */
import { searchAttributeTypes } from './search-attributes.ts';

/** Keys of Temporal's dynamic configuration to their values. */
export type DynamicConfiguration = Readonly<Record<string, number | boolean | string>>;

/** Dynamic configuration of the embedded server. `npm run bench:steps` measures a step with and without it. */
export const tunedConfiguration: DynamicConfiguration = {
  // The dev server has one history shard, whose queues read at most 20 times a second: beyond the first dozen a step
  // of a workflow would take 100 ms.
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 200,
  // Saves a step the way through the task queue.
  'system.enableActivityEagerExecution': true,
  // Timers, and with them the pauses between attempts, are read ahead by so much and fire as much later. At the
  // default of 1 s a timer of 5 ms takes 1006 ms, at 20 ms it takes 25.
  'history.timerProcessorMaxTimeShift': '20ms',
};

/**
 * How SQLite writes. With a write-ahead log a transaction is synced to disk once and not twice; `synchronous` stays
 * FULL, so that what Temporal has acknowledged outlives a power cut.
 */
export const tunedPragmas: Readonly<Record<string, string>> = { journal_mode: 'WAL', synchronous: 'FULL' };

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
  readonly configuration?: DynamicConfiguration;
  /** Of SQLite. Default: `tunedPragmas`. */
  readonly pragmas?: Readonly<Record<string, string>>;
}

/** The arguments of `temporal`. */
export function devServerArguments({
  databaseFile,
  port,
  uiPort,
  namespace,
  configuration = tunedConfiguration,
  pragmas = tunedPragmas,
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
    ...Object.entries(pragmas).flatMap(([key, value]) => flag('--sqlite-pragma', `${key}=${value}`)),
    ...Object.entries(configuration).flatMap(([key, value]) =>
      flag('--dynamic-config-value', `${key}=${JSON.stringify(value)}`),
    ),
  ];
}

function flag(name: string, value: string | number): [string, string] {
  return [name, String(value)];
}
