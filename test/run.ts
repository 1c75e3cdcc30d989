/**
 * `npm test`: sets the machine up, runs all tests, and ends with "N passed, N failed, N skipped" alone on a line.
 * Arguments go to vitest: `npm test -- policies`.
 */
import { parseCLI, startVitest } from 'vitest/node';
import { prepareMachine } from '../demo/machine.ts';
import { stepsOnStderr } from '../setup/steps.ts';

try {
  // A browser, for the tests of the Temporal UI; an sshd and nc, for hosts that are reached by ssh.
  const extra = ['chromium', 'openssh-server', 'netcat-openbsd'];
  await prepareMachine(stepsOnStderr(), { ask: true, extra });
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exit(1);
}

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { ...options, run: true, watch: false });
const counts = { passed: 0, failed: 0, skipped: 0 };
let brokenFiles = 0;
for (const module of vitest.state.getTestModules()) {
  if (!module.ok() && module.errors().length > 0) brokenFiles++;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    counts[state === 'pending' ? 'skipped' : state]++;
    if (state !== 'passed' && state !== 'failed') {
      const { note } = test.result() as { note?: string };
      console.error(`skipped: ${test.fullName}: ${note ?? 'no reason given'}`);
    }
  }
}
// A file that can't be loaded, or an error outside all tests, is a failure though no test of its own failed.
counts.failed += brokenFiles + vitest.state.getUnhandledErrors().length;
await vitest.close();
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
