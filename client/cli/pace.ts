/** How often something is looked at again, until whoever looks on has seen enough. */
import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError, Option } from 'commander';
import { TemporalUnreachable, WorkersSilent } from '../errors.ts';

const mostSeconds = 3600;

/** `--every SECONDS`, which means `--watch` too. @param seconds the default */
export function everyOption(seconds: number): Option {
  return new Option('--every <seconds>', 'how often to look; --watch goes without saying')
    .default(seconds)
    .implies({ watch: true })
    .argParser((text: string) => {
      const value = Number(text);
      if (!(value >= 1 && value <= mostSeconds))
        throw new InvalidArgumentError(`give 1 to ${mostSeconds} seconds`);
      return value;
    });
}

/** A terminal is given back as it was, whichever way it ends. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `look` again and again until Ctrl-C, which is how a look that stays is meant to end: exit code 0. Temporal or
 * workers that go away meanwhile are waited for.
 * @param trouble is told why a look failed
 * @throws what the first look throws
 */
export async function untilInterrupted(
  everyMs: number,
  look: () => Promise<void>,
  trouble: (message: string) => void,
): Promise<void> {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const onInterrupt = (): void => interrupted.abort();
  for (const name of endings) process.once(name, onInterrupt);
  const end = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  try {
    for (let hasLooked = false; !signal.aborted; hasLooked = true) {
      try {
        await Promise.race([look(), end]);
      } catch (error) {
        if (!hasLooked || !(error instanceof TemporalUnreachable || error instanceof WorkersSilent))
          throw error;
        trouble(error.message);
      }
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const name of endings) process.off(name, onInterrupt);
  }
}
