import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../settings/read.ts';
import { temporalTarget } from '../../settings/temporal.ts';
import { partsOf } from './processes.ts';

const settings = parseSettings(
  'clusters: {berlin: {datacenter: berlin, hosts: {host1: {uri: qemu+tcp://10.77.0.11/system}}}}',
  'drover.yaml',
);
const withAlerts = parseSettings(
  `clusters: {berlin: {datacenter: berlin, hosts: {host1: {uri: qemu+tcp://10.77.0.11/system}}}}
alerts: {listen: 127.0.0.1:9199, tokenEnv: TOKEN}`,
  'drover.yaml',
);
const embedded = temporalTarget(settings, { HOME: '/nowhere' });
const configured = temporalTarget(settings, { HOME: '/nowhere', TEMPORAL_ADDRESS: 'temporal.example:7233' });
const names = (...args: Parameters<typeof partsOf>): string[] => partsOf(...args).map(({ name }) => name);

describe('what up runs', () => {
  test('is Temporal first where it is embedded, a worker, and the alert receiver where alerts are set', () => {
    expect(names(settings, '/drover.yaml', embedded)).toEqual(['temporal', 'worker']);
    expect(names(withAlerts, '/drover.yaml', embedded)).toEqual(['temporal', 'worker', 'alerts']);
  });

  test('is no Temporal where another is configured', () => {
    expect(names(settings, '/drover.yaml', configured)).toEqual(['worker']);
  });

  test('are programs of this project, each given the settings', () => {
    for (const { command, args } of partsOf(settings, '/drover.yaml', embedded)) {
      expect(command).toBe(process.execPath);
      expect(args.slice(1)).toEqual(['--settings', '/drover.yaml']);
      expect(existsSync(args[0] ?? '')).toBe(true);
    }
  });
});
