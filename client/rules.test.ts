import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseSettings } from '../settings/read.ts';
import { prometheusRules } from './rules.ts';

// promtool is in Debian's package prometheus.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The rules of a weak host and a strong one. */
function rules(starved = '{}'): string {
  const text = `
clusters:
  berlin:
    datacenter: berlin
    hosts:
      host1: {uri: qemu+tcp://10.77.0.11/system, cpus: 0.5}
      host2: {uri: qemu+tcp://10.77.0.12/system, cpus: 2}
starved: ${starved}
`;
  return prometheusRules(parseSettings(text, 'drover.yaml'));
}

interface Series {
  readonly host: string;
  readonly vm: string;
  /** promtool's notation, one value each 15 s: `0+6x20` grows by 6 seconds of CPU time, which is 0.4 cores. */
  readonly cpuSeconds: string;
}

/** Whether and for whom DroverVmStarved fires at each time; promtool's words where it is otherwise. */
async function firesAt(
  ruleText: string,
  series: readonly Series[],
  expected: Readonly<Record<string, readonly { host: string; vm: string; cores: string }[]>>,
): Promise<string> {
  writeFileSync(join(folder, 'rules.yaml'), ruleText);
  const unitTest = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: series.map(({ host, vm, cpuSeconds }) => ({
          series: `libvirt_domain_info_cpu_time_seconds_total{host="${host}", domain="${vm}"}`,
          values: cpuSeconds,
        })),
        alert_rule_test: Object.entries(expected).map(([at, alerts]) => ({
          eval_time: at,
          alertname: 'DroverVmStarved',
          exp_alerts: alerts.map(({ host, vm, cores }) => ({
            exp_labels: { host, vm, severity: 'warning' },
            exp_annotations: {
              summary: `${vm} is short of CPU on ${host}`,
              description: `${host} gives all the CPU it has, and ${vm} takes a large part of it (${cores} cores). Drover moves the VM to a host with room, if there is one.`,
            },
          })),
        })),
      },
    ],
  };
  const file = join(folder, 'test.yaml');
  writeFileSync(file, stringify(unitTest));
  const { exitCode, all } = await execa('promtool', ['test', 'rules', file], { all: true, reject: false });
  return exitCode === 0 ? 'as expected' : all;
}

test('Prometheus accepts the rules', async () => {
  const file = join(folder, 'check.yaml');
  writeFileSync(file, rules());
  const { stdout } = await execa('promtool', ['check', 'rules', file]);
  expect(stdout).toContain('SUCCESS: 5 rules found');
});

describe('DroverVmStarved', () => {
  const web1 = { host: 'host1', vm: 'web1', cores: '480m' };
  const busy = { host: 'host1', vm: 'web1', cpuSeconds: '0+7.2x60' };

  test('fires for a VM that takes all of a weak host, after the time that the settings name', async () => {
    expect(await firesAt(rules(), [busy], { '30s': [], '5m': [web1] })).toBe('as expected');
  });

  test('is resolved when the VM has moved to a strong host', async () => {
    const series = [
      { ...busy, cpuSeconds: '0+7.2x20 _x40' },
      { host: 'host2', vm: 'web1', cpuSeconds: '_x20 0+15x40' },
    ];
    expect(await firesAt(rules(), series, { '5m': [web1], '10m': [] })).toBe('as expected');
  });

  test('does not fire for a VM that takes little of a host which others fill', async () => {
    const series = [
      { host: 'host1', vm: 'hog', cpuSeconds: '0+6.3x60' },
      { host: 'host1', vm: 'web1', cpuSeconds: '0+0.9x60' },
    ];
    expect(await firesAt(rules(), series, { '5m': [{ ...web1, vm: 'hog', cores: '420m' }] })).toBe(
      'as expected',
    );
  });

  test('does not fire on a host with room', async () => {
    const series = [{ host: 'host2', vm: 'web1', cpuSeconds: '0+15x60' }];
    expect(await firesAt(rules(), series, { '5m': [] })).toBe('as expected');
  });

  test('waits as long as the settings say', async () => {
    const slow = rules('{forSeconds: 600}');
    expect(await firesAt(slow, [busy], { '5m': [], '14m': [web1] })).toBe('as expected');
  });

  test('this test can fail: promtool says what fired instead', async () => {
    expect(await firesAt(rules(), [busy], { '5m': [] })).toContain('FAILED');
  });
});
