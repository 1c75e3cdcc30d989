/** Each alert about Drover itself fires when it should, and is over when its cause is, as promtool finds. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const rulesFile = join(import.meta.dirname, '..', '..', '..', 'monitoring', 'rules', 'drover.yml');
const RuleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
});
const alerts = RuleFile.parse(parse(readFileSync(rulesFile, 'utf8')))
  .groups.flatMap(({ rules }) => rules)
  .filter((rule) => rule.alert !== undefined);

/** One sample each 15 s, in promtool's notation: `1x40` is 1 for ten minutes, `_` none, `0+1x40` grows by 1. */
type Series = Readonly<Record<string, string>>;

interface Course {
  readonly alert: string;
  /** What happens: the cause lasts from the first minutes on and ends in the middle. */
  readonly series: Series;
  /** Nothing fires yet, for the cause may pass. */
  readonly quietAt: string;
  readonly firesAt: string;
  readonly overAt: string;
  /** Of the alert that fires, besides those of the rule. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What stands in the place of `$value` in its texts. */
  readonly value?: string;
}

const receiver = (name: string, labels = ''): string =>
  `${name}{job="drover-receiver", instance="a:1"${labels && `, ${labels}`}}`;
const worker = (name: string, labels = ''): string =>
  `${name}{job="drover-worker", instance="a:2"${labels && `, ${labels}`}}`;
const host = (name: string): string => `${name}{job="libvirt", instance="h:3", host="host1"}`;

const pollers = worker('temporal_num_pollers', 'task_queue="drover", poller_type="workflow_task"');
const waits = (kind: string, le: string): string =>
  worker(`temporal_${kind}_schedule_to_start_latency_bucket`, `task_queue="drover", le="${le}"`);
const rejected = (reason: string): string =>
  receiver('drover_alert_requests_rejected_total', `reason="${reason}"`);
const ended = (failure: string): string =>
  worker('drover_operations_ended_total', `operation="migrateVm", outcome="failed", failure="${failure}"`);

const courses: readonly Course[] = [
  {
    alert: 'DroverReceiverDown',
    series: { [receiver('up')]: '1x8 0x40 1x40' },
    quietAt: '3m',
    firesAt: '8m',
    overAt: '15m',
  },
  {
    alert: 'DroverTemporalDown',
    series: { [receiver('drover_temporal_up')]: '1x8 0x40 1x40' },
    quietAt: '2m30s',
    firesAt: '8m',
    overAt: '15m',
    labels: { job: 'drover-receiver', instance: 'a:1' },
  },
  {
    // It polls at first, then its series ends with its process.
    alert: 'DroverNoWorker',
    series: { [pollers]: '2x8 stale _x40 2x40' },
    quietAt: '3m',
    firesAt: '8m',
    overAt: '15m',
  },
  {
    alert: 'DroverWorkerDown',
    series: { [worker('up')]: '1x8 0x40 1x40' },
    quietAt: '3m',
    firesAt: '8m',
    overAt: '15m',
    labels: { job: 'drover-worker', instance: 'a:2' },
  },
  {
    // Of ten tasks in 15 s, none is begun within 5 s for a while: then 95 of 100 wait up to 9.75 s.
    alert: 'DroverTasksWait',
    series: {
      [waits('workflow_task', '5000')]: '0+10x20 200+0x60 200+10x80',
      [waits('workflow_task', '10000')]: '0+10x160',
      [waits('workflow_task', '+Inf')]: '0+10x160',
      [waits('activity', '5000')]: '0+10x160',
      [waits('activity', '+Inf')]: '0+10x160',
    },
    quietAt: '6m',
    firesAt: '18m',
    overAt: '30m',
    labels: { task_queue: 'drover', kind: 'workflow' },
    value: '9.75s',
  },
  {
    alert: 'DroverWorkflowTasksFail',
    series: {
      [worker('temporal_workflow_task_execution_failed', 'workflow_type="vmRecord"')]: '1+1x40 41x80',
    },
    quietAt: '1m',
    firesAt: '8m',
    overAt: '25m',
    labels: { workflow_type: 'vmRecord' },
  },
  {
    alert: 'DroverVmInDoubt',
    series: { [receiver('drover_vms_in_doubt')]: '0x8 3x40 0x40' },
    quietAt: '3m',
    firesAt: '8m',
    overAt: '15m',
    labels: { job: 'drover-receiver', instance: 'a:1' },
    value: '3',
  },
  {
    // The first one of this worker: its series begins with it.
    alert: 'DroverNeedsOperator',
    series: { [ended('NeedsOperator')]: '_x20 1x200', [ended('CheckFailed')]: '0+1x220' },
    quietAt: '4m',
    firesAt: '6m',
    overAt: '25m',
    labels: { operation: 'migrateVm' },
  },
  {
    alert: 'DroverNeedsOperator',
    series: { [ended('NeedsOperator')]: '1x100 2x200' },
    quietAt: '24m',
    firesAt: '27m',
    overAt: '45m',
    labels: { operation: 'migrateVm' },
  },
  ...['unauthorized', 'malformed', 'tooLarge', 'tokenUnreadable', 'failed'].map((reason) => ({
    alert: 'DroverWebhooksRejected',
    series: { [rejected(reason)]: '0x8 1x100' },
    quietAt: '2m30s',
    firesAt: '6m',
    overAt: '15m',
    labels: { reason },
  })),
  ...['busy', 'abandoned', 'unavailable'].map((reason) => ({
    alert: 'DroverAlertsPostponed',
    series: { [rejected(reason)]: '0x8 0+1x40 40x60' },
    quietAt: '5m',
    firesAt: '11m',
    overAt: '20m',
    labels: { reason },
  })),
  {
    alert: 'DroverAlertsLeftOut',
    series: { [receiver('drover_alerts_left_out_total')]: '0x8 7x300' },
    quietAt: '2m30s',
    firesAt: '6m',
    overAt: '70m',
    labels: { job: 'drover-receiver', instance: 'a:1' },
  },
  {
    // The exporter itself is gone.
    alert: 'DroverHostNotMeasured',
    series: { [host('up')]: '1x8 0x60 1x40', [host('libvirt_up')]: '1x8 stale _x60 1x40' },
    quietAt: '6m',
    firesAt: '12m',
    overAt: '20m',
    labels: { host: 'host1' },
  },
  {
    // It answers, and its libvirtd does not.
    alert: 'DroverHostNotMeasured',
    series: { [host('up')]: '1x110', [host('libvirt_up')]: '1x8 0x60 1x40' },
    quietAt: '6m',
    firesAt: '12m',
    overAt: '20m',
    labels: { host: 'host1' },
  },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-self-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns promtool's words where it finds otherwise */
async function runs(course: Course): Promise<string> {
  const rule = alerts.find(({ alert }) => alert === course.alert);
  if (!rule) return `there is no rule ${course.alert}`;
  const shown = (text: string): string =>
    text
      .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => course.labels?.[label] ?? '')
      .replaceAll(/\{\{ \$value( \| \w+)? \}\}/g, course.value ?? '');
  const annotations = Object.entries(rule.annotations).map(([name, text]) => [name, shown(text)]);
  const firing = {
    exp_labels: { ...rule.labels, ...course.labels },
    exp_annotations: Object.fromEntries(annotations),
  };
  const file = join(folder, 'test.yaml');
  writeFileSync(
    file,
    stringify({
      rule_files: [rulesFile],
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: Object.entries(course.series).map(([series, values]) => ({ series, values })),
          alert_rule_test: [
            { eval_time: course.quietAt, alertname: course.alert, exp_alerts: [] },
            { eval_time: course.firesAt, alertname: course.alert, exp_alerts: [firing] },
            { eval_time: course.overAt, alertname: course.alert, exp_alerts: [] },
          ],
        },
      ],
    }),
  );
  const { exitCode, all } = await execa('promtool', ['test', 'rules', file], { all: true, reject: false });
  return exitCode === 0 ? 'as expected' : all;
}

test.each(courses.map((course) => [`${course.alert} ${course.labels?.['reason'] ?? ''}`, course] as const))(
  '%s fires, and is over',
  async (_, course) => {
    expect(await runs(course)).toBe('as expected');
  },
);

test('every alert has such a course', () => {
  expect(new Set(courses.map(({ alert }) => alert))).toEqual(new Set(alerts.map(({ alert }) => alert)));
});

test('this test can fail: promtool says what fires instead', async () => {
  const course = courses.find(({ alert }) => alert === 'DroverVmInDoubt');
  if (!course) throw new Error('no such course');
  expect(await runs({ ...course, firesAt: '3m' })).toContain('FAILED');
  expect(await runs({ ...course, overAt: '8m' })).toContain('FAILED');
});

test('every alert says what to do, where its runbook is, and is of one of two severities', () => {
  const page = readFileSync(join(rulesFile, '..', '..', '..', 'docs', 'monitoring.md'), 'utf8');
  for (const { alert, annotations, labels } of alerts) {
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url']);
    expect(annotations['runbook_url']).toBe(`docs/monitoring.md#${alert?.toLowerCase()}`);
    expect(page).toContain(`\n### ${alert}\n`);
    expect(['warning', 'critical']).toContain(labels['severity']);
  }
});
