/** Who or what asked for an operation, in words for its page: the Temporal server itself knows nobody. */
import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';

/** `root@node1 at the command line` */
export function byCommandLine(): string {
  return `${person()} at the command line`;
}

/** `a program of root@node1 (balance.ts)` */
export function byProgram(): string {
  const script = process.argv[1];
  return `a program of ${person()}${script === undefined ? '' : ` (${basename(script)})`}`;
}

/** `the alert DroverVmStarved (severity="warning", vm="web1")` @param labels all of them, the name included */
export function byAlert(labels: Readonly<Record<string, string>>): string {
  const { alertname = 'without a name', ...others } = labels;
  const told = Object.entries(others)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `the alert ${alertname}${told.length === 0 ? '' : ` (${told.join(', ')})`}`;
}

function person(): string {
  return `${userName()}@${hostname()}`;
}

/** A user of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? '?'}`;
  }
}
