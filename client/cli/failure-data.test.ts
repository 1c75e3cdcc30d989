import { afterEach, expect, test, vi } from 'vitest';
import { OperationCanceled, OperationFailed } from '../errors.ts';
import { printingFailures } from './failure-data.ts';

const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
afterEach(() => printed.mockClear());

const finding = { severity: 'error', code: 'sameHost', message: 'it is there' };
const refused = new OperationFailed('migrate-vm/web1/1', 'CheckFailed', 'web1 was not moved', {
  findings: [finding],
});
const fail = (error: Error) => async () => {
  throw error;
};

test('a refusal is an object with its type, message and findings, and fails all the same', async () => {
  await expect(printingFailures('json', fail(refused))).rejects.toBe(refused);
  expect(JSON.parse(String(printed.mock.lastCall?.[0]))).toEqual({
    operation: 'migrate-vm/web1/1',
    type: 'CheckFailed',
    message: 'web1 was not moved',
    findings: [finding],
  });
});

test('so is a cancellation, and a failure without findings has none', async () => {
  const canceled = new OperationCanceled('migrate-vm/web1/1', 'canceled: nothing was changed');
  await expect(printingFailures('json', fail(canceled))).rejects.toBe(canceled);
  expect(JSON.parse(String(printed.mock.lastCall?.[0]))).toMatchObject({ type: 'Canceled', findings: [] });
  const failed = new OperationFailed('migrate-vm/web1/1', undefined, 'a bug', undefined);
  await expect(printingFailures('yaml', fail(failed))).rejects.toBe(failed);
  expect(printed.mock.lastCall?.[0]).toContain('type: Failed');
});

test('people read of it on standard error alone', async () => {
  await expect(printingFailures('table', fail(refused))).rejects.toBe(refused);
  expect(printed).not.toHaveBeenCalled();
});
