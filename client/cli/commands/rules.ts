import type { Command } from 'commander';
import { readSettings } from '../../../settings/read.ts';
import { prometheusRules } from '../../rules.ts';
import { settingsFile } from '../session.ts';

/** `drover rules`: the Prometheus rule file that belongs to the settings. */
export function registerRules(program: Command): void {
  program
    .command('rules')
    .description('print the Prometheus rules made from the settings')
    .action((_, command: Command) => {
      process.stdout.write(prometheusRules(readSettings(settingsFile(command))));
    });
}
