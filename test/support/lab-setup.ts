/**
 * vitest's `globalSetup` of the lab tests: one lab for the whole run. `KEEP_LAB=1` leaves it up, so that the next run
 * begins at once.
 */
import type { TestProject } from 'vitest/node';
import { openLab } from '../../lab/lab.ts';
import { sharedLabConfig } from './lab.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lab = openLab(sharedLabConfig);
  await lab.up();
  project.provide('labConfigFile', sharedLabConfig);
  return async () => {
    if (process.env['KEEP_LAB'] !== '1') await lab.down();
  };
}
