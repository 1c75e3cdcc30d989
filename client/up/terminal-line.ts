/** What parts log, as a person at a terminal reads it; their log files have it as it is. */

/** pino's numbers. */
const levels = { warning: 40, error: 50 } as const;

/**
 * A line of JSON becomes its message, with `warning:` or `error:` before it and the error's own message behind; any
 * other line stays.
 * @returns undefined for what Temporal's SDK tells of itself in passing
 */
export function terminalLine(line: string): string | undefined {
  const entry = entryOf(line);
  if (!entry) return line;
  const { level, msg, sdkComponent, error } = entry;
  const isInPassing = level < levels.warning || msg.includes('not polling for');
  if (sdkComponent !== undefined && isInPassing) return undefined;
  const severity = level >= levels.error ? 'error: ' : level >= levels.warning ? 'warning: ' : '';
  const cause = error?.message === undefined ? '' : `: ${error.message}`;
  return `${severity}${msg}${cause}`.replaceAll('\n', ' ');
}

interface Entry {
  readonly level: number;
  readonly msg: string;
  readonly sdkComponent?: unknown;
  readonly error?: { readonly message?: string } | null;
}

function entryOf(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed = JSON.parse(line) as Entry;
    return typeof parsed.level === 'number' && typeof parsed.msg === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
