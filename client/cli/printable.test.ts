import { describe, expect, test } from 'vitest';
import { OperationCanceled, OperationFailed } from '../errors.ts';
import { messageFor } from './exit.ts';
import { tableOf } from './output.ts';
import { placementText } from './placement-text.ts';
import { printable } from './printable.ts';
import { findingText, resultText } from './texts.ts';

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('text from outside', () => {
  const hostile = 'web1\u001b[2J\r\nerror: none\u009b31m\u007f';

  test('is printed without control characters, in any place', () => {
    expect(printable(hostile)).not.toMatch(/\p{Cc}/u);
    const table = tableOf([['VM'], [hostile]]);
    expect(table).not.toMatch(controls);
    expect(table.split('\n')).toHaveLength(2);
    expect(findingText({ severity: 'error', code: 'vmBusy', message: hostile })).not.toMatch(/\p{Cc}/u);
  });

  test('is printed so in the message of what failed', () => {
    const failed = new OperationFailed('migrate-vm/web1/1', 'CheckFailed', hostile, undefined);
    expect(messageFor(failed, false)).not.toMatch(/\p{Cc}/u);
    expect(messageFor(failed, false)).toContain('[CheckFailed]');
    expect(messageFor(new OperationCanceled('migrate-vm/web1/1', hostile), false)).not.toMatch(/\p{Cc}/u);
    expect(messageFor(new Error(hostile), false)).not.toMatch(controls);
  });

  test('is printed so in a result and in a placement', () => {
    const text = resultText({
      outcome: 'moved',
      vm: 'web1',
      from: 'host1',
      to: 'host2',
      reason: hostile,
      message: hostile,
      findings: [{ severity: 'warning', code: 'transient', message: hostile }],
      wholeMs: 4321,
      figures: { copyMs: 2000, downtimeMs: 152.6, copiedBytes: 64 * 1024 ** 2, iterations: 3 },
    });
    expect(text).not.toMatch(controls);
    expect(text).toContain('  duration  4.32 s, of which 2.00 s to copy\n  copied    64 MiB\n');
    expect(text).toContain("  rate      32 MiB/s\n  passes    3\n  downtime  153 ms by QEMU's count\n");
    const candidate = {
      host: hostile,
      fits: false,
      filters: [{ code: 'memoryShort' as const, passed: false, reason: hostile }],
      scoreParts: [],
    };
    expect(placementText({ vm: 'web1', candidates: [candidate], reason: hostile })).not.toMatch(controls);
  });
});
