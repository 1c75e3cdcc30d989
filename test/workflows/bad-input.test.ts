/**
 * Input that can't be right, through every door: the command line, the library, the Temporal UI (a start with any JSON),
 * and an alert. Each is refused with what was given and what is allowed, and no host is asked anything.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createAlertMetrics } from '../../client/alerts/metrics.ts';
import { createReceiver } from '../../client/alerts/receiver.ts';
import { OperationFailed } from '../../client/errors.ts';
import { taskQueue } from '../../model/operations.ts';
import { foundAs, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

const cli = fileURLToPath(new URL('../../client/cli/drover.ts', import.meta.url));
let worker: StandInWorker;
let folder: string;
let settingsFile: string;
/** What the activities were asked. */
let asked: string[];
beforeAll(async () => {
  worker = await startStandInWorker();
  folder = mkdtempSync(join(tmpdir(), 'drover-bad-input-'));
  settingsFile = join(folder, 'drover.yaml');
  const port = Number(inject('temporalAddress').split(':')[1]);
  writeFileSync(
    settingsFile,
    `{temporal: {embedded: {port: ${port}, uiPort: ${port}}}, stateDir: ${folder},
     clusters: {main: {datacenter: standin, hosts: {host1: {uri: 'qemu+tcp://127.0.0.1:1/system'}}}}}`,
  );
});
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  if (folder) rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  worker.answerWith({
    checkMigration: async ({ vm }) => {
      asked.push(vm);
      return foundAs(vm);
    },
  });
});

let starts = 0;

/** As the Temporal UI starts it. @returns the failure's message */
async function refusedByTheUi(input: unknown, workflow = 'migrateVm'): Promise<string> {
  const handle = await worker.temporal.workflow.start(workflow, {
    workflowId: `bad-input/${++starts}`,
    taskQueue,
    args: [input],
    workflowRunTimeout: '20s',
  });
  return await refusal(handle.result());
}

async function refusal(ending: Promise<unknown>): Promise<string> {
  const error = await ending.then(
    (result) => new Error(`it ended well: ${JSON.stringify(result)}`),
    (failure: unknown) => failure,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : error;
  if (!(cause instanceof ApplicationFailure || cause instanceof OperationFailed)) throw cause;
  expect(cause.type).toBe('InvalidInput');
  return cause.message;
}

async function refusedByTheCli(...words: string[]): Promise<string> {
  const { exitCode, stderr } = await execa(process.execPath, [cli, '-s', settingsFile, ...words], {
    reject: false,
  });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
  return stderr;
}

async function refusedByTheReceiver(labels: Record<string, string>): Promise<string> {
  const app = createReceiver({
    drover: async () => worker.drover,
    token: () => 'a-token',
    tokenKey: 'alerts.tokenEnv',
    routes: [],
    metrics: createAlertMetrics({
      version: 'test',
      standing: () => Promise.reject(new Error('not asked')),
    }),
    log: () => undefined,
  });
  const response = await app.request('/alerts', {
    method: 'POST',
    headers: { authorization: 'Bearer a-token', 'content-type': 'application/json' },
    body: JSON.stringify({
      version: '4',
      status: 'firing',
      receiver: 'drover',
      groupKey: '{}',
      externalURL: '',
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      truncatedAlerts: 0,
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'DroverVmStarved', ...labels },
          annotations: {},
          startsAt: new Date().toISOString(),
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: `00000000000000${(starts++).toString(16).padStart(2, '0')}`,
        },
      ],
    }),
  });
  const { alerts } = (await response.json()) as { alerts: { result: string; reason: string }[] };
  expect({ status: response.status, alerts }).toMatchObject({ status: 202, alerts: [{ result: 'refused' }] });
  return alerts[0]?.reason ?? '';
}

/** One line of printable text that fits a screen, with the rule that was broken. */
function expectPlain(message: string, rule: RegExp): void {
  expect(message).toMatch(rule);
  expect(message.trim()).not.toMatch(/[^\P{Cc}\n\t]/u);
  expect(message.length).toBeLessThan(1000);
}

const names: readonly [what: string, name: string, rule: RegExp][] = [
  ['a space', 'web 1', /is no valid name: use 1 to 63 letters/],
  ['a leading dash', '--all', /is no valid name: use 1 to 63 letters/],
  ['a quote', `web'1"`, /is no valid name: use 1 to 63 letters/],
  ['XML', '<name>x</name>', /is no valid name: use 1 to 63 letters/],
  ['a shell command', '$(touch x);a', /is no valid name: use 1 to 63 letters/],
  ['a newline', 'web1\nweb2', /is no valid name: use 1 to 63 letters/],
  ['a terminal escape', '\u001b[31mweb1', /is no valid name: use 1 to 63 letters/],
  ['digits alone', '13', /is all digits, which libvirt reads as an id/],
  ['the form of a UUID', '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa', /has the form of a UUID/],
  ['300 characters', 'x'.repeat(300), /is no valid name: use 1 to 63 letters/],
  ['another script', 'вебсервер', /is no valid name: use 1 to 63 letters/],
  ['nothing', '', /is no valid name: use 1 to 63 letters/],
];

describe('a VM that is called by a name that is none', () => {
  test.each(names)('%s', async (_, name, rule) => {
    const told = await Promise.all([
      refusedByTheCli('migrate', '--', name),
      refusedByTheUi({ vm: name }),
      refusal((await worker.drover.start('migrateVm', { vm: name }, id())).result()),
      refusedByTheReceiver({ vm: name }),
      refusedByTheUi({ vm: name }, 'settleVm'),
      refusedByTheCli('settle', '--', name),
      refusedByTheCli('explain', '--', name),
    ]);
    for (const message of told) expectPlain(message, rule);
    expect(asked).toEqual([]);
  });
});

const inputs: readonly [what: string, input: unknown, rule: RegExp][] = [
  ['null', null, /vm: is missing/],
  ['nothing', undefined, /vm: is missing/],
  ['an array', [{ vm: 'web1' }], /the input: must be of type object/],
  ['a text', 'web1', /the input: must be of type object, not "web1"/],
  ['no VM', { to: 'host2' }, /vm: is missing/],
  ['a key that is unknown', { vm: 'web1', too: 'host2' }, /unknown key too.*allowed keys: vm, to/],
  ['a negative number', { vm: 'web1', timeoutSeconds: -1 }, /timeoutSeconds: -1: must be at least 10/],
  ['a text for a number', { vm: 'web1', bandwidthMiBps: '100' }, /bandwidthMiBps: must be of type number/],
  ['a text for a boolean', { vm: 'web1', dryRun: 'yes' }, /dryRun: must be of type boolean, not "yes"/],
  [
    'a rank that is none',
    { vm: 'web1', rank: 'urgent' },
    /rank: "urgent": must be one of scaleDown, balance, person/,
  ],
  [
    'a host that is called by a URI',
    { vm: 'web1', to: 'qemu+ssh://h/system?command=x' },
    /to: .*no valid name/,
  ],
];

describe('an input of migrateVm that is none, from the Temporal UI', () => {
  test.each(inputs)('%s', async (_, input, rule) => {
    const message = await refusedByTheUi(input);
    expectPlain(message, rule);
    expect(message).toMatch(
      /It is one JSON object such as \{"vm":"web1","to":"host2"\}; allowed keys: vm, to/,
    );
    expect(asked).toEqual([]);
  });
});

test.each([
  [['migrate', 'web1', '--timeout-seconds', '-1'], /timeout/i],
  [['migrate', 'web1', '--to', 'a b'], /to "a b" is no valid name/],
  [['migrate', 'web1', '--too', 'host2'], /unknown option '--too'.*\n?.*Did you mean --to/],
  [['migrat', 'web1'], /unknown command 'migrat'.*\n?.*Did you mean migrate/],
  [['migrate'], /missing required argument/],
])('drover %j', async (words, rule) => {
  expect(await refusedByTheCli(...words)).toMatch(rule);
  expect(asked).toEqual([]);
});

function id(): { workflowId: string } {
  return { workflowId: `bad-input/library/${++starts}` };
}
