import { expect, test } from 'vitest';
import { isDryRun, operationId } from './operation-ids.ts';

const now = new Date('2026-11-23T10:15:00.123Z');

test('an operation is called by what it does, to what, and when', () => {
  expect(operationId('migrateVm', { vm: 'web1' }, now)).toBe('migrate-vm/web1/2026-11-23T10:15:00.123Z');
  expect(operationId('migrateVm', { vm: '../x' }, now)).toBe('migrate-vm/2026-11-23T10:15:00.123Z');
});

test('a dry run is known by its id while it runs, and by its ending whoever started it', () => {
  const workflowId = operationId('migrateVm', { vm: 'web1', dryRun: true }, now);
  expect(workflowId).toBe('migrate-vm/web1/dry-run-2026-11-23T10:15:00.123Z');
  expect(isDryRun({ workflowId, state: 'running' })).toBe(true);
  expect(isDryRun({ workflowId: 'from-the-ui', state: 'planned' })).toBe(true);
  expect(isDryRun({ workflowId: 'from-the-ui', state: 'blocked' })).toBe(true);
  expect(isDryRun({ workflowId: 'migrate-vm/dry-run/1', state: 'moved' })).toBe(false);
});
