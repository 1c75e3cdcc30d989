import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{model,policies,settings,activities,workflows,worker,client,lab,setup,demo,bench,host-hook}/**/*.test.ts',
            'test/structure/**/*.test.ts',
          ],
          testTimeout: 20_000,
          // Beside the harness, which mostly waits.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: ['test/{temporal,workflows,replay}/**/*.test.ts'],
          globalSetup: ['test/support/temporal.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // Drover on the simulated datacenter, with all that can go wrong; each cell starts a Temporal of its own.
          name: 'harness',
          include: ['test/harness/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: ['test/support/temporal.ts', 'test/support/lab-setup.ts'],
          // One lab for all of them: its hosts, links and VM are what the tests act on.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
