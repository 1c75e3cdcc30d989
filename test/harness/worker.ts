/**
 * A worker of the harness: Drover's own worker, which tells its parent as each attempt of an activity begins and
 * ends, and waits there for leave to go on. `node worker.ts SETTINGS BUNDLE`
 */
import type { Context } from '@temporalio/activity';
import { DefaultLogger, type ActivityInterceptorsFactory } from '@temporalio/worker';
import { readSettings } from '../../settings/read.ts';
import { runWorker } from '../../worker/run-worker.ts';

/** What a worker tells its parent. */
export interface ActivityMoment {
  readonly id: number;
  readonly activity: string;
  readonly attempt: number;
  readonly phase: 'begins' | 'ends';
}

const waiting = new Map<number, () => void>();
let told = 0;

function meet(activity: string, attempt: number, phase: ActivityMoment['phase']): Promise<void> {
  const id = ++told;
  const leave = new Promise<void>((resolve) => waiting.set(id, resolve));
  process.send?.({ id, activity, attempt, phase } satisfies ActivityMoment);
  return leave;
}

process.on('message', (message: { go: number }) => {
  waiting.get(message.go)?.();
  waiting.delete(message.go);
});
// A worker whose parent was killed has nobody to work for.
process.once('disconnect', () => process.exit(0));

const interceptor: ActivityInterceptorsFactory = ({ info }: Context) => ({
  inbound: {
    execute: async (input, next) => {
      await meet(info.activityType, info.attempt, 'begins');
      try {
        return await next(input);
      } finally {
        await meet(info.activityType, info.attempt, 'ends');
      }
    },
  },
});

const [, , settingsFile = '', codePath = ''] = process.argv;
const settings = readSettings(settingsFile);
await runWorker({
  settings,
  datacenters: [...new Set(Object.values(settings.clusters).map(({ datacenter }) => datacenter))],
  log: { info: (line) => console.log(line), warn: (line) => console.warn(line) },
  workflowBundle: { codePath },
  runtime: { logger: new DefaultLogger('WARN') },
  interceptors: { activity: [interceptor] },
});
// It was asked to end, and has let go of its work.
process.disconnect?.();
