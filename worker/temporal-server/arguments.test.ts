import { expect, test } from 'vitest';
import { searchAttributes } from '../../model/operations.ts';
import { devServerArguments } from './arguments.ts';

const server = {
  databaseFile: '/var/lib/drover/temporal.db',
  port: 7233,
  uiPort: 8233,
  namespace: 'default',
};

/** The values of a flag that may be given several times. */
function valuesOf(flag: string, args: readonly string[]): string[] {
  return args.filter((_, at) => args[at - 1] === flag);
}

test('the embedded server listens on loopback alone, keeps its database and shows its page', () => {
  const args = devServerArguments(server);
  expect(args.slice(0, 2)).toEqual(['server', 'start-dev']);
  expect(valuesOf('--ip', args)).toEqual(['127.0.0.1']);
  expect(valuesOf('--db-filename', args)).toEqual(['/var/lib/drover/temporal.db']);
  expect(valuesOf('--ui-port', args)).toEqual(['8233']);
  expect(args).not.toContain('--headless');
});

test('every search attribute of the model is registered, with its type', () => {
  const registered = valuesOf('--search-attribute', devServerArguments(server));
  expect(new Set(registered.map((one) => one.split('=')[0]))).toEqual(
    new Set(Object.values(searchAttributes)),
  );
  expect(registered).toContain('DroverVm=Keyword');
  expect(registered).toContain('DroverNeedsOperator=Bool');
});

test('its queues are not held to 20 reads a second, and its timers not to a second; texts go as JSON', () => {
  const configured = valuesOf('--dynamic-config-value', devServerArguments(server));
  expect(configured).toContain('history.transferProcessorMaxPollRPS=2000');
  expect(configured).toContain('history.timerProcessorMaxTimeShift="20ms"');
  expect(valuesOf('--dynamic-config-value', devServerArguments({ ...server, configuration: {} }))).toEqual(
    [],
  );
});

test('SQLite syncs to disk what Temporal acknowledges', () => {
  expect(valuesOf('--sqlite-pragma', devServerArguments(server))).toEqual([
    'journal_mode=WAL',
    'synchronous=FULL',
  ]);
});
