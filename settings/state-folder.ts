/** Where Drover keeps its own files: the embedded server's database, the logs and ids of its processes. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from './schema.ts';

/**
 * The absolute path of the state folder, which may not exist yet: `stateDir` of the settings, else
 * `/var/lib/drover` for root and `~/.local/state/drover` (or under `XDG_STATE_HOME`) for any other user.
 */
export function stateFolder(
  settings: Pick<Settings, 'stateDir'>,
  env: NodeJS.ProcessEnv = process.env,
  userId: number | undefined = process.getuid?.(),
): string {
  if (settings.stateDir) return settings.stateDir;
  if (userId === 0) return '/var/lib/drover';
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'drover');
}
