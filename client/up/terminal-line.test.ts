import { expect, test } from 'vitest';
import { terminalLine } from './terminal-line.ts';

const line = (level: number, msg: string, more: object = {}): string =>
  JSON.stringify({ level, time: '2026-11-25T14:32:22.505Z', process: 'worker', ...more, msg });

test.each([
  ['no JSON', 'Server:  localhost:7233', 'Server:  localhost:7233'],
  ['JSON of another kind', '{"vms": 3}', '{"vms": 3}'],
  ['half a line of JSON', '{"level":30,', '{"level":30,'],
  ['a message', line(30, 'works on 127.0.0.1:7233'), 'works on 127.0.0.1:7233'],
  ['a warning', line(40, 'no host answers'), 'warning: no host answers'],
  [
    'an error with its cause',
    line(50, 'activity failed', { sdkComponent: 'worker', error: { message: 'host1\nis away' } }),
    'error: activity failed: host1 is away',
  ],
  ['what the SDK does', line(30, 'Workflow bundle created', { sdkComponent: 'worker' }), undefined],
  [
    'what a worker of one kind of task does not do',
    line(40, 'No workflows registered, not polling for workflow tasks', { sdkComponent: 'worker' }),
    undefined,
  ],
])('%s', (_, logged, shown) => {
  expect(terminalLine(logged)).toBe(shown);
});
