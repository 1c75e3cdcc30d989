/**
 * The lab that all lab tests of a run share. `lab-setup.ts`, as vitest's `globalSetup`, brings it up and takes it down;
 * a test leaves it as it found it: whole, with every VM running and without load.
 */
import { join } from 'node:path';
import { inject } from 'vitest';
import { openLab, type Lab, type LabHost, type LabVm } from '../../lab/lab.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The settings of the shared lab, which is up. */
    labConfigFile: string;
  }
}

/** Stands beside a lab of `npm start`: other name, subnets and ports. DROVER_TEST_LAB names another lab's file. */
export const sharedLabConfig = process.env['DROVER_TEST_LAB'] ?? join(import.meta.dirname, 'lab.yaml');

export function sharedLab(): Lab {
  return openLab(inject('labConfigFile'));
}

export function labHosts(): readonly [LabHost, LabHost, ...LabHost[]] {
  const [first, second, ...others] = sharedLab().hosts;
  if (!first || !second) throw new Error(`${sharedLabConfig} has fewer than two hosts`);
  return [first, second, ...others];
}

/** The VM `web1`; `up` starts it on the first host. */
export function labVm(): LabVm {
  const [vm] = sharedLab().vms;
  if (!vm) throw new Error(`${sharedLabConfig} has no VM`);
  return vm;
}
