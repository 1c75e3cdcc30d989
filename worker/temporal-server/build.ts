/** Builds the Temporal CLI with Go, for machines that reach Go modules but not Temporal's downloads. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Report } from './binary.ts';
import { temporalCliVersion } from './cli-version.ts';

const goPackage = `github.com/temporalio/cli/cmd/temporal@v${temporalCliVersion}`;

/** How often a build says how far it is. */
const progressEveryMs = 10_000;

/**
 * Puts a `temporal` built by `go install` at `target` (2-3 minutes on two cores, 250 MB); safe when two do it at
 * once, because each builds in a folder of its own and the last step is a rename.
 * @throws Error when there is no Go, or with the last line of what it said
 */
export async function buildWithGo(
  target: string,
  { report, env = process.env }: { report: Report; env?: NodeJS.ProcessEnv },
): Promise<void> {
  const go = await execa('go', ['env', 'GOVERSION'], { env, extendEnv: false, reject: false });
  if (go.failed) throw new Error('there is no working `go` on the PATH');
  report(`building ${goPackage} with ${go.stdout}: 2-3 minutes on two cores, once on this machine`);
  const startedAt = Date.now();
  // Beside the target, so that the rename stays within one filesystem.
  const folder = await mkdtemp(`${target}.build-`);
  let packages = 0;
  let reportedAt = startedAt;
  try {
    const build = execa('go', ['install', '-v', goPackage], {
      env: { ...env, GOBIN: folder, GOFLAGS: '', GOOS: '', GOARCH: '' },
      extendEnv: false,
      reject: false,
      stdout: 'ignore',
    });
    // `-v` names each package on a line of its own as it is compiled.
    for await (const line of build.iterable({ from: 'stderr' })) {
      packages += line.startsWith('go:') ? 0 : 1;
      if (Date.now() - reportedAt >= progressEveryMs) {
        reportedAt = Date.now();
        report(`building the Temporal CLI: ${packages} packages after ${seconds(startedAt)} s`);
      }
    }
    const { failed, stderr } = await build;
    if (failed) throw new Error(`go install ${goPackage} failed: ${lastLine(stderr)}`);
    await rename(join(folder, 'temporal'), target);
    report(`built the Temporal CLI in ${seconds(startedAt)} s`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
