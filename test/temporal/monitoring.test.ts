/** What the dashboard and the rules ask for is what the receiver and the worker of a running Drover have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { prometheusRules } from '../../client/rules.ts';
import { startDrover, type RunningDrover } from '../../demo/drover-process.ts';
import { simulatedDroverYaml } from '../../lab/simulated/drover-yaml.ts';
import { SimulatedServer } from '../../lab/simulated/server.ts';
import { DatacenterSpec } from '../../lab/simulated/spec.ts';
import { taskQueue } from '../../model/operations.ts';
import { readSettings } from '../../settings/read.ts';
import { expressionsOf, metricsIn, monitoring } from '../structure/monitoring/dashboard.ts';
import { valuesOf } from '../support/receiver-process.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ hookTimeout: 120_000 });

const spec = DatacenterSpec.parse({
  hosts: [{ name: 'host1' }, { name: 'host2' }],
  vms: [{ name: 'web1', host: 'host1' }],
});
const RuleFile = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ expr: z.string(), record: z.string().optional() })) }),
  ),
});

let folder: string;
let simulation: SimulatedServer;
let running: RunningDrover;
let ports: { temporal: number; ui: number; alerts: number; metrics: number };
let settingsFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-monitoring-'));
  simulation = await SimulatedServer.start({ spec, rate: 10 });
  ports = {
    temporal: await freePort(),
    ui: await freePort(),
    alerts: await freePort(),
    metrics: await freePort(),
  };
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'a-token', { mode: 0o600 });
  settingsFile = join(folder, 'drover.yaml');
  writeFileSync(
    settingsFile,
    simulatedDroverYaml(spec, {
      port: simulation.port,
      stateDir: join(folder, 'state'),
      keepaliveSeconds: 1,
      more: {
        temporal: { embedded: { port: ports.temporal, uiPort: ports.ui } },
        metrics: { worker: `127.0.0.1:${ports.metrics}` },
        alerts: { listen: `127.0.0.1:${ports.alerts}`, tokenFile },
      },
    }),
  );
  running = await startDrover(settingsFile);
});
afterAll(async () => {
  await running?.stop();
  await simulation?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function metricsOf(port: number): Promise<ReadonlyMap<string, number>> {
  return valuesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}

const withoutLabels = (name: string): string => name.replace(/\{.*/, '');

/** The value of the first series with these labels. */
function valueOf(
  metrics: ReadonlyMap<string, number>,
  name: string,
  ...labels: string[]
): number | undefined {
  return [...metrics].find(
    ([series]) => withoutLabels(series) === name && labels.every((label) => series.includes(label)),
  )?.[1];
}

test('operations are counted by how they end, a move is timed, and a dry run is none', async () => {
  const { drover } = running;
  await (await drover.start('migrateVm', { vm: 'web1', dryRun: true })).result();
  await (await drover.start('migrateVm', { vm: 'web1' })).result();
  await (await drover.start('migrateVm', { vm: 'web9' })).result().catch(() => undefined);
  const metrics = await metricsOf(ports.metrics);
  const ended = 'drover_operations_ended_total';
  expect(valueOf(metrics, ended, 'outcome="moved"', 'operation="migrateVm"')).toBe(1);
  expect(valueOf(metrics, ended, 'outcome="failed"', 'failure="UnknownVm"')).toBe(1);
  expect(valueOf(metrics, ended, 'outcome="planned"')).toBeUndefined();
  expect(valueOf(metrics, 'drover_operations_started_total')).toBe(2);
  expect(valueOf(metrics, 'drover_migration_downtime_seconds_count')).toBe(1);
  expect(valueOf(metrics, 'drover_migration_duration_seconds_count')).toBe(1);
});

test('every metric of the dashboard and the rules is one of Drover’s, or made by a rule', async () => {
  // So that a task of a workflow fails, which is what one of the rules is for.
  const connection = await Connection.connect({ address: `127.0.0.1:${ports.temporal}` });
  const { workflow } = new Client({ connection });
  const unknown = await workflow.start('noSuchWorkflow', { workflowId: 'no-such', taskQueue });
  await expect
    .poll(async () => [...(await metricsOf(ports.metrics)).keys()].map(withoutLabels), { timeout: 30_000 })
    .toContain('temporal_workflow_task_execution_failed');
  await unknown.terminate('the test is over');
  await connection.close();

  expect((await fetch(`http://127.0.0.1:${ports.alerts}/alerts`, { method: 'POST' })).status).toBe(401);
  const rules = [
    readFileSync(join(monitoring, 'rules', 'drover.yml'), 'utf8'),
    prometheusRules(readSettings(settingsFile)),
  ].flatMap((text) => RuleFile.parse(parse(text)).groups.flatMap((group) => group.rules));
  const there = new Set([
    ...[...(await metricsOf(ports.metrics)).keys(), ...(await metricsOf(ports.alerts)).keys()].map(
      withoutLabels,
    ),
    ...rules.flatMap(({ record }) => record ?? []),
    // Prometheus' own, and what prometheus-libvirt-exporter has: its README.
    'up',
    'libvirt_up',
    'libvirt_domain_info_cpu_time_seconds_total',
  ]);
  const asked = [
    ...expressionsOf(join(monitoring, 'grafana', 'drover.json')),
    ...rules.map(({ expr }) => expr),
  ].flatMap(metricsIn);
  expect(asked.length).toBeGreaterThan(20);
  expect([...new Set(asked)].filter((name) => !there.has(name))).toEqual([]);
});

test('the metrics of an expression are found, and nothing else: the test above can fail', () => {
  const expr =
    'sum by (task_queue, le) (rate(a_total{x="by y"}[5m] offset 1h)) / on (b) group_left (c) d:e:f > bool 2 and vector(0)';
  expect(metricsIn(expr)).toEqual(['a_total', 'd:e:f']);
});
