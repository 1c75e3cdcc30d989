import { expect, test } from 'vitest';
import type { HostRecord } from '../../model/host-record.ts';
import type { Claimant, VmRecord } from '../../model/vm-record.ts';
import { hostSections, vmSections } from './record-texts.ts';
import { sectionsText } from './sections.ts';

const now = new Date('2026-11-24T10:05:00.400Z');
const mover: Claimant = {
  workflowId: 'migrate-vm/web1/1',
  kind: 'migrateVm',
  rank: 'balance',
  reason: 'busy',
};
const waiting: Claimant = { workflowId: 'migrate-vm/web1/2', kind: 'migrateVm', rank: 'person' };
const record: VmRecord = {
  vm: 'web1',
  epoch: 7,
  lease: {
    holder: mover,
    epoch: 7,
    since: '2026-11-24T10:00:00.123Z',
    state: 'held',
    attempt: 2,
    move: {
      uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa',
      datacenter: 'berlin',
      from: 'host1',
      to: 'host2',
      wasPaused: false,
      notes: ['mayHaveQuit'],
    },
  },
  queue: [{ claimant: waiting, since: '2026-11-24T10:04:30.000Z' }],
  seen: {
    uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa',
    host: 'host1',
    state: 'running',
    stateReason: 'booted',
    at: '2026-11-24T08:00:00.000Z',
  },
  shouldRun: true,
  operations: [
    {
      workflowId: 'migrate-vm/web1/0',
      kind: 'migrateVm',
      endedAt: '2026-11-20T10:00:00.000Z',
      outcome: 'stayed',
      message: 'web1 was not moved',
    },
  ],
};

test('a VM that is held: by whom, since when, what it does, who waits, where it was', () => {
  expect(sectionsText(vmSections(record, now))).toBe(`VM:          web1
last seen:   running (booted) on host1, 2026-11-24T08:00:00Z (2 h ago)
UUID:        9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa
should run:  yes

Lease:
  state:     held
  held by:   migrate-vm/web1/1
  kind:      migrateVm
  rank:      balance
  reason:    busy
  since:     2026-11-24T10:00:00Z (5 min ago)
  epoch:     7
  attempts:  2
  doing:     a move from host1 to host2 (the source ends once the copy is whole)

Waiting:
  TURN  OPERATION          KIND       RANK    SINCE                            REASON
  1     migrate-vm/web1/2  migrateVm  person  2026-11-24T10:04:30Z (30 s ago)

Last operations:
  ENDED                           OPERATION          OUTCOME  MESSAGE
  2026-11-20T10:00:00Z (4 d ago)  migrate-vm/web1/0  stayed   web1 was not moved`);
});

test('a lease in doubt says why, and how a person ends the doubt', () => {
  const lease = record.lease && { ...record.lease, state: 'inDoubt' as const, doubt: 'host1 did not answer' };
  const text = sectionsText(vmSections({ ...record, ...(lease ? { lease } : {}) }, now));
  expect(text).toContain('in doubt: host1 did not answer. End the doubt with: drover settle web1');
});

test('a VM that is free says so, and nothing of what is not known', () => {
  const text = sectionsText(vmSections({ vm: 'web1', epoch: 0, queue: [], operations: [] }, now));
  expect(text).toBe(`VM:          web1
should run:  unknown: it was never seen running

Lease: nobody acts on it

Waiting: nobody

Last operations: none`);
});

test('a host: its state and by whom, what is held there, and who waits for a slot', () => {
  const slot = { operation: mover, vm: 'web1', since: '2026-11-24T10:00:00.000Z' };
  const host: HostRecord = {
    host: 'host1',
    state: 'maintenance',
    stateSince: '2026-11-24T09:00:00.000Z',
    stateBy: { ...mover, reason: 'firmware' },
    reservations: [{ ...slot, memoryMiB: 1024, cpuCores: 1.5 }],
    slotsOf: { in: 2, out: 1 },
    slots: { in: [], out: [slot] },
    waiting: { in: [], out: [{ ...slot, operation: waiting }] },
  };
  const text = sectionsText(hostSections(host, now));
  expect(text).toContain('by:     migrate-vm/web1/1 (migrateVm): firmware');
  expect(text).toMatch(/migrate-vm\/web1\/1 {2}web1 {2}1024 +1.5 +2026-11-24T10:00:00Z/);
  expect(text).toContain('Moves in (0 of 2 slots taken): none');
  expect(text).toMatch(
    /Moves out \(1 of 1 slots taken\):\n {2}TURN.*\n {2}now .*\n {2}1 +migrate-vm\/web1\/2/,
  );
});

test('text from outside never moves the cursor', () => {
  const text = sectionsText([
    { title: 'x', body: { 'a\u001b[2J': 'b\r\nerror: none' } },
    { title: 'End', body: 'c\u009b' },
  ]);
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
