/** The examples in monitoring/ are taken by the programs that they are for, and do what their page says. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { prometheusRules } from '../../../client/rules.ts';
import { readSettings } from '../../../settings/read.ts';
import { Dashboard, expressionsOf, monitoring } from './dashboard.ts';

const root = join(import.meta.dirname, '..', '..', '..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-monitoring-'));
  cpSync(monitoring, folder, { recursive: true });
  const settings = readSettings(join(root, 'docs', 'drover.example.yaml'));
  writeFileSync(join(folder, 'rules', 'drover-site.yml'), prometheusRules(settings));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('Prometheus takes its configuration, with the rules of drover rules beside Drover’s own', async () => {
  const { stdout } = await execa('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
  expect(stdout).toContain('SUCCESS: 2 rule files found');
  expect(stdout).toMatch(/rules\/drover\.yml\n +SUCCESS: [1-9]/);
  expect(stdout).toMatch(/rules\/drover-site\.yml\n +SUCCESS: [1-9]/);
});

test('a rule that is none is refused: this test can fail', async () => {
  const file = join(folder, 'wrong.yml');
  writeFileSync(file, 'groups: [{name: a, rules: [{alert: A, expr: "up{"}]}]');
  expect((await execa('promtool', ['check', 'rules', file], { reject: false })).exitCode).not.toBe(0);
});

test('Alertmanager takes its configuration, and sends Drover what it acts on and nothing else', async () => {
  const file = join(folder, 'alertmanager.yml');
  const { stdout } = await execa('amtool', ['check-config', file]);
  expect(stdout).toContain('SUCCESS');
  const receiversOf = async (alertname: string): Promise<string> =>
    (
      await execa('amtool', [
        'config',
        'routes',
        'test',
        `--config.file=${file}`,
        `alertname=${alertname}`,
        'vm=web1',
      ])
    ).stdout;
  expect(await receiversOf('DroverVmStarved')).toBe('drover,people');
  expect(await receiversOf('DroverNoWorker')).toBe('people');
});

test('its webhook hides no alert, tells of those that are over, and has the token in a file', () => {
  const Example = z.object({
    route: z.object({
      routes: z.array(z.object({ receiver: z.string(), group_by: z.array(z.string()).optional() })),
    }),
    receivers: z.array(
      z.object({
        name: z.string(),
        webhook_configs: z
          .array(
            z.object({
              send_resolved: z.boolean(),
              max_alerts: z.number(),
              http_config: z.object({
                authorization: z.strictObject({ type: z.string(), credentials_file: z.string() }),
              }),
            }),
          )
          .default([]),
      }),
    ),
  });
  const { route, receivers } = Example.parse(
    parse(readFileSync(join(monitoring, 'alertmanager.yml'), 'utf8')),
  );
  expect(route.routes.find(({ receiver }) => receiver === 'drover')?.group_by).toEqual(['...']);
  expect(receivers.find(({ name }) => name === 'drover')?.webhook_configs).toEqual([
    expect.objectContaining({ send_resolved: true, max_alerts: 0 }),
  ]);
});

test('the dashboard is for any Grafana: no data source or id of one, each panel with a title and a word', async () => {
  const { id, uid, panels, templating } = Dashboard.parse(
    JSON.parse(readFileSync(join(monitoring, 'grafana', 'drover.json'), 'utf8')),
  );
  expect(id).toBeNull();
  expect(uid).toBe('drover');
  expect(templating.list.map(({ type }) => type)).toEqual(['datasource']);
  expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
  for (const { type, title, description, datasource } of panels) {
    expect(title).not.toBe('');
    if (type === 'row') continue;
    expect(description).toBeTruthy();
    expect(datasource?.uid).toBe('${datasource}');
  }
});

test('Prometheus understands each question of the dashboard', async () => {
  const file = join(folder, 'dashboard.yml');
  const rules = expressionsOf(join(monitoring, 'grafana', 'drover.json')).map((expr, index) => ({
    record: `dashboard:${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { stdout } = await execa('promtool', ['check', 'rules', file]);
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});
