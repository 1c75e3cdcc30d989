import type { Command } from 'commander';
import { readSettings } from '../../../settings/read.ts';
import { temporalTarget } from '../../../settings/temporal.ts';
import { settingsFile } from '../session.ts';

/** `drover check`: the settings are read and checked, and nothing is started or asked. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('check the settings without starting anything')
    .action((_, command: Command) => {
      const file = settingsFile(command);
      const settings = readSettings(file, { needsSecrets: true });
      const clusters = Object.entries(settings.clusters);
      const hosts = clusters.reduce((sum, [, cluster]) => sum + Object.keys(cluster.hosts).length, 0);
      console.log(
        `${file}: right. ${clusters.length} cluster${clusters.length === 1 ? '' : 's'}, ${hosts} host${hosts === 1 ? '' : 's'}.`,
      );
      console.log(temporalTarget(settings).because);
    });
}
