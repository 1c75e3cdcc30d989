import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Steps } from '../setup/steps.ts';
import { simulatedDatacenter } from './simulated-datacenter.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-guided-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const steps: Steps = { report: () => {}, run: async (_, work) => work(), line: () => {} };

test('the state of a Drover that it did not start is refused, and kept to the last byte', async () => {
  const database = join(folder, 'drover', 'temporal.db');
  mkdirSync(join(folder, 'drover'));
  writeFileSync(database, 'operations');
  const datacenter = simulatedDatacenter(folder);
  await expect(datacenter.up(steps)).rejects.toThrow(
    `${folder}/drover is the state of a Drover that npm start did not start, and it is left as it is`,
  );
  await datacenter.down(steps);
  expect(readFileSync(database, 'utf8')).toBe('operations');
});

test('what a start that was killed has left is begun anew, and nothing is left of it at the end', async () => {
  const killed = simulatedDatacenter(folder);
  await killed.up(steps);
  const database = join(folder, 'drover', 'temporal.db');
  writeFileSync(database, 'operations');
  process.kill((JSON.parse(readFileSync(join(folder, 'simulation.json'), 'utf8')) as { pid: number }).pid);
  const next = simulatedDatacenter(folder);
  await next.up(steps);
  expect(existsSync(database)).toBe(false);
  await next.down(steps);
  expect(existsSync(folder)).toBe(false);
});
