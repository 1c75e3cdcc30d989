import { expect, test } from 'vitest';
import type { VmRecord } from '../../model/vm-record.ts';
import { vmRecordPage } from './vm-record-page.ts';

const fresh: VmRecord = { vm: 'web1', epoch: 7, queue: [], operations: [] };
const at = '2026-01-01T00:00:00.000Z';
const later = '2026-01-01T00:05:00.000Z';

test('a VM that nobody has asked for', () => {
  expect(vmRecordPage(fresh).split('\n')).toEqual([
    '| VM web1 | |',
    '|---|---|',
    '| held by | nobody |',
    '| last seen | never |',
    '| should run | never seen running |',
  ]);
});

test('one in doubt says what its operation did, who waits, and what a person can do', () => {
  const page = vmRecordPage({
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
      stop: { by: { workflowId: 'fail-over/1', kind: 'failOverHost', rank: 'failover' }, since: later },
    },
    queue: [
      { claimant: { workflowId: 'fail-over/1', kind: 'failOverHost', rank: 'failover' }, since: later },
    ],
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
  });
  expect(page.split('\n').slice(2)).toEqual([
    `| held by | migrate-vm/web1 (migrateVm, person: new \\| disks), since ${at} |`,
    '| lease | 7, attempts on hosts: 2 |',
    '| in doubt | host2 is silent. Nobody acts on web1 until settleVm has found out, or you say where it runs: drover settle web1 --runs-on HOST |',
    '| moves | from host1 to host2, mayHaveQuit |',
    `| asked to stop | by fail-over/1 (failOverHost, failover), at ${later} |`,
    `| waits, 1. | fail-over/1 (failOverHost, failover), since ${later} |`,
    `| last seen | running (booted) on host1, at ${at} |`,
    '| should run | yes |',
    `| ${at} | restarted: restart-vm/1: on host1 |`,
  ]);
});
