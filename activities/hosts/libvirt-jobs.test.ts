import { describe, expect, test } from 'vitest';
import { finishedFigures, runningProgress } from './libvirt-jobs.ts';

const outgoing = {
  operation: 5,
  time_elapsed: 1500n,
  memory_total: 134_217_728n,
  memory_processed: 67_108_864n,
  memory_remaining: 33_554_432n,
  memory_bps: 50_000_000n,
  memory_dirty_rate: 1000n,
  memory_page_size: 4096n,
  memory_iteration: 2n,
};

describe('the progress of a migration', () => {
  test('is told in bytes and milliseconds, with the rest that the rates promise', () => {
    expect(runningProgress({ type: 2, parameters: outgoing })).toEqual({
      elapsedMs: 1500,
      totalBytes: 134_217_728,
      processedBytes: 67_108_864,
      remainingBytes: 33_554_432,
      bytesPerSecond: 50_000_000,
      dirtyBytesPerSecond: 4_096_000,
      iteration: 2,
      estimatedRestMs: Math.round((33_554_432 / (50_000_000 - 4_096_000)) * 1000),
    });
  });

  test('tells the halt that QEMU expects once it has looked over the memory twice and knows how fast it is written', () => {
    const expected = (more: object): number | undefined =>
      runningProgress({ type: 2, parameters: { ...outgoing, downtime: 570n, ...more } })?.expectedDowntimeMs;
    expect(expected({})).toBe(570);
    // Until then it names its limit.
    expect(expected({ memory_iteration: 1n })).toBeUndefined();
    expect(expected({ memory_dirty_rate: 0n })).toBeUndefined();
    expect(expected({ downtime: undefined })).toBeUndefined();
  });

  test('promises no end while memory is written faster than it is copied', () => {
    const progress = runningProgress({ type: 2, parameters: { ...outgoing, memory_dirty_rate: 20_000n } });
    expect(progress).toBeDefined();
    expect(progress).not.toHaveProperty('estimatedRestMs');
  });

  test('counts disks that are copied too', () => {
    const parameters = { ...outgoing, disk_total: 100n, disk_processed: 40n, disk_remaining: 60n };
    expect(runningProgress({ type: 2, parameters })).toMatchObject({
      totalBytes: 134_217_828,
      processedBytes: 67_108_904,
      remainingBytes: 33_554_492,
    });
  });

  test.each([0, 'none'])('is absent when no job runs (%j)', (type) => {
    expect(runningProgress({ type, parameters: {} })).toBeUndefined();
  });

  test.each([2, 3, 4, 6])('is absent for a job of another kind (operation %d)', (operation) => {
    expect(runningProgress({ type: 2, parameters: { ...outgoing, operation } })).toBeUndefined();
  });

  test('is never NaN where a job has only begun', () => {
    const progress = runningProgress({ type: 2, parameters: { operation: 5 } });
    expect(Object.values(progress ?? { none: Number.NaN }).every(Number.isFinite)).toBe(true);
  });
});

describe('the figures of a migration', () => {
  test('are what libvirt measured', () => {
    expect(
      finishedFigures({
        type: 3,
        parameters: {
          time_elapsed: 2100n,
          downtime: 153n,
          memory_processed: 70_000_000n,
          memory_iteration: 3n,
        },
      }),
    ).toEqual({ copyMs: 2100, downtimeMs: 153, copiedBytes: 70_000_000, iterations: 3 });
  });

  test('leave out what was not measured, rather than tell 0', () => {
    expect(finishedFigures({ type: 3, parameters: { time_elapsed: 2100n } })).toEqual({ copyMs: 2100 });
    expect(finishedFigures({ type: 0, parameters: {} })).toEqual({});
  });
});
