/** What a machine needs before the lab and Drover can run on it; each part installs or builds its own. */
import { createInterface } from 'node:readline/promises';
import { checkMachine } from '../lab/machine.ts';
import { installPackages } from '../lab/packages.ts';
import type { Steps } from '../setup/steps.ts';
import { findTemporalBinary } from '../worker/temporal-server/binary.ts';

/**
 * Debian packages and the Temporal server, where they are missing.
 * @param ask false: goes ahead without a question; without a terminal it does so anyway
 * @param extra Debian packages beyond those of the lab
 * @throws Error that says what is missing and what to do
 */
export async function prepareMachine(
  steps: Steps,
  { ask, extra = [] }: { ask: boolean; extra?: readonly string[] },
): Promise<void> {
  await checkMachine();
  await installPackages(steps.report, ask && process.stdin.isTTY ? confirm : undefined, extra);
  await prepareTemporal(steps);
}

/** The Temporal server, where it is missing: all that Drover on a simulated datacenter needs. */
export async function prepareTemporal(steps: Steps): Promise<void> {
  await steps.run('find the Temporal server', () => findTemporalBinary({ report: steps.line }));
}

async function confirm(packages: readonly string[]): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `These Debian packages will be installed: ${packages.join(' ')}\nGo ahead? [Y/n] `,
    );
    return /^(y|yes)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
