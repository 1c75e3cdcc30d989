import { expect, test } from 'vitest';
import { mostOfPage } from '../../model/markdown.ts';
import type { VmRecord } from '../../model/vm-record.ts';
import { lastUnsettled } from './needs-person.ts';
import { vmRecordPage } from './vm-record-page.ts';

const fresh: VmRecord = { vm: 'web1', epoch: 7, queue: [], operations: [] };
const at = '2026-01-01T00:00:00.000Z';
const later = '2026-01-01T00:05:00.000Z';
const failover = { workflowId: 'fail-over/1', kind: 'failOverHost', rank: 'failover' } as const;
const failoverText =
  '[fail-over/1](/namespaces/{namespace}/workflows/fail-over%2F1) (failOverHost, failover)';
const linkTo = (id: string): string =>
  `[${id.replace('host/', '')}](/namespaces/{namespace}/workflows/${encodeURIComponent(id)})`;

const inDoubt: VmRecord = {
  ...fresh,
  lease: {
    holder: { workflowId: 'migrate-vm/web1', kind: 'migrateVm', rank: 'person', reason: 'new | disks' },
    epoch: 7,
    since: at,
    state: 'inDoubt',
    doubt: 'host2 is silent',
    attempt: 2,
    move: {
      uuid: 'u',
      datacenter: 'berlin',
      from: 'host1',
      to: 'host2',
      wasPaused: false,
      notes: ['mayHaveQuit'],
    },
    stop: { by: failover, since: later },
  },
  queue: [{ claimant: failover, since: later }],
  seen: { uuid: 'u', host: 'host1', state: 'running', stateReason: 'booted', at },
  shouldRun: true,
  operations: [
    {
      workflowId: 'restart-vm/1',
      kind: 'restartVm',
      endedAt: at,
      outcome: 'restarted',
      message: 'on\nhost1',
    },
  ],
};

test('a VM that nobody has asked for', () => {
  const page = vmRecordPage(fresh);
  for (const line of ['| acted on by | nobody |', '| last seen | never |'])
    expect(page.split('\n')).toContain(line);
  expect(page).not.toContain('needs a person');
});

test('one in doubt says what its operation did, who waits, and what a person can do', () => {
  const lines = vmRecordPage(inDoubt).split('\n');
  for (const line of [
    `| acted on by | ${linkTo('migrate-vm/web1')} (migrateVm, person: new \\| disks), since 2026-01-01 00:00:00 UTC |`,
    '| lease | 7, attempts on hosts: 2 |',
    '| **in doubt** | host2 is silent |',
    `| moves | from ${linkTo('host/host1')} to ${linkTo('host/host2')}, the source ends once the copy is whole |`,
    `| asked to stop | by ${failoverText}, 2026-01-01 00:05:00 UTC |`,
    `| 1 | ${failoverText} | 2026-01-01 00:05:00 UTC |`,
    `| last seen | running (booted) on ${linkTo('host/host1')}, 2026-01-01 00:00:00 UTC |`,
    '| should run | yes |',
    `| 2026-01-01 00:00:00 UTC | ${linkTo('restart-vm/1')} | restarted | on host1 |`,
  ])
    expect(lines).toContain(line);
  expect(lines.join('\n')).toMatch(/needs a person:\*\* .*`drover settle web1 --runs-on HOST`/);
});

test('a page of long texts is cut at a line, and keeps what a person can do', () => {
  const many = Array.from({ length: 200 }, () => ({
    claimant: { ...failover, reason: '|é'.repeat(400) },
    since: later,
  }));
  const page = vmRecordPage({ ...inDoubt, queue: many });
  expect(new TextEncoder().encode(page).length).toBeLessThanOrEqual(mostOfPage);
  expect(page).toContain('There is more than a page takes');
  expect(page).toMatch(/needs a person:\*\* .*`drover settle web1`/);
});

test('an operation that leaves a VM to a person is remembered until another ends well, or it runs', () => {
  const past = (outcome: string): VmRecord['operations'][number] => ({
    workflowId: outcome,
    kind: 'migrateVm',
    endedAt: at,
    outcome,
    message: '',
  });
  const left = (...outcomes: string[]): string | undefined =>
    lastUnsettled({ ...fresh, operations: outcomes.map(past) })?.outcome;
  expect(left()).toBeUndefined();
  expect(left('NeedsOperator', 'moved')).toBe('NeedsOperator');
  expect(left('CheckFailed', 'canceled', 'NeedsOperator')).toBe('NeedsOperator');
  for (const outcome of ['settled', 'nothingToDo', 'moved'])
    expect(left(outcome, 'NeedsOperator')).toBeUndefined();
  const operations = [past('NeedsOperator')];
  const seen = { uuid: 'u', host: 'host1', state: 'running', stateReason: 'booted', at: later };
  expect(lastUnsettled({ ...fresh, operations, seen })).toBeUndefined();
  expect(lastUnsettled({ ...fresh, operations, seen: { ...seen, state: 'off' } })).toBeDefined();
  expect(lastUnsettled({ ...fresh, operations, seen: { ...seen, at } })).toBeDefined();
  expect(vmRecordPage({ ...fresh, operations })).toContain('**It needs a person:** do what [NeedsOperator]');
});
