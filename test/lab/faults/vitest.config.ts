/** `npm run soak:lab`: every fault of a move on the real lab. Some 45 minutes. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../../..'),
    pool: 'forks',
    include: ['test/lab/faults/**/*.soak.ts'],
    globalSetup: ['test/support/lab-setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 180_000,
    reporters: ['verbose'],
  },
});
