/** What most verbs begin with: the settings, and a connection to Temporal. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultSettingsPaths, readSettings } from '../../settings/read.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Drover } from '../drover.ts';
import { UsageError } from './exit.ts';

/** The settings file: --settings, DROVER_SETTINGS, or the first default that exists. */
export function settingsFile(command: Command): string {
  const given = command.optsWithGlobals<{ settings?: string }>().settings ?? process.env['DROVER_SETTINGS'];
  const found = given ?? defaultSettingsPaths.find((path) => existsSync(path));
  if (found === undefined) {
    throw new UsageError(
      `there is no settings file: give --settings FILE or set DROVER_SETTINGS (looked for ${defaultSettingsPaths.join(', ')})`,
    );
  }
  return found;
}

/** Runs `work` with a connection that is closed afterwards. */
export async function withDrover<T>(
  command: Command,
  work: (drover: Drover, settings: Settings) => Promise<T>,
): Promise<T> {
  const settings = readSettings(settingsFile(command));
  // Loading Temporal takes longer than all the rest of a verb that does without.
  const { Drover } = await import('../drover.ts');
  await using drover = await Drover.connect(settings);
  return await work(drover, settings);
}
