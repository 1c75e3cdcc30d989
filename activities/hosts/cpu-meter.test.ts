import { describe, expect, test } from 'vitest';
import { CpuMeter } from './cpu-meter.ts';
import type { HostReport } from '../../model/inventory.ts';

/** A host's report with the CPU time of each of its VMs, in seconds. */
function report(seconds: Readonly<Record<string, number | undefined>>): HostReport {
  return {
    uuid: 'host',
    hypervisor: 'QEMU 7.2.0',
    cpus: 4,
    memoryMiB: 4096,
    vms: Object.entries(seconds).map(([uuid, cpuSeconds]) => ({
      name: uuid,
      uuid,
      state: 'running',
      stateReason: 'booted',
      persistent: true,
      memoryMiB: 128,
      vcpus: 1,
      ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    })),
  };
}

describe('CPU use', () => {
  test('is the CPU time between two looks, in cores', () => {
    const meter = new CpuMeter();
    expect(meter.observe('host1', report({ a: 10, b: 5 }), 0)).toBeUndefined();
    expect(meter.observe('host1', report({ a: 11, b: 5.5 }), 2000)).toEqual(
      new Map([
        ['a', 0.5],
        ['b', 0.25],
      ]),
    );
  });

  test('is counted for each host apart', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ a: 10 }), 0);
    expect(meter.observe('host2', report({ a: 20 }), 1000)).toBeUndefined();
    expect(meter.observe('host1', report({ a: 11 }), 2000)).toEqual(new Map([['a', 0.5]]));
  });

  test('is unknown after a look that comes too soon, which the next look does not count from', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ a: 10 }), 0);
    expect(meter.observe('host1', report({ a: 10.01 }), 100)).toBeUndefined();
    expect(meter.observe('host1', report({ a: 11 }), 1000)).toEqual(new Map([['a', 1]]));
  });

  test('is unknown when the earlier look is long gone', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ a: 10 }), 0);
    expect(meter.observe('host1', report({ a: 70 }), 61_000)).toBeUndefined();
    expect(meter.observe('host1', report({ a: 71 }), 62_000)).toEqual(new Map([['a', 1]]));
  });

  test('leaves out a VM that came, went, was started anew, or was not counted', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ stays: 1, restarted: 50, gone: 3, blind: 1 }), 0);
    const use = meter.observe('host1', report({ stays: 2, restarted: 1, came: 3, blind: undefined }), 1000);
    expect(use).toEqual(new Map([['stays', 1]]));
  });

  test('is measured after the pause that the meter asks for', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ a: 1 }), 0);
    expect(meter.observe('host1', report({ a: 2 }), CpuMeter.pauseMs)).toBeDefined();
  });

  test('of a moment ago is told to a look that comes too soon, and is forgotten after ten seconds', () => {
    const meter = new CpuMeter();
    meter.observe('host1', report({ a: 1 }), 0);
    expect(meter.lately('host1', 0)).toBeUndefined();
    meter.observe('host1', report({ a: 2 }), 1000);
    meter.observe('host1', report({ a: 2.1 }), 1100);
    expect(meter.lately('host1', 1100)).toEqual(new Map([['a', 1]]));
    expect(meter.lately('host1', 11_000)).toEqual(new Map([['a', 1]]));
    expect(meter.lately('host1', 11_001)).toBeUndefined();
    expect(meter.lately('host2', 1100)).toBeUndefined();
  });
});
