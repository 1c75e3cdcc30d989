import type { Command } from 'commander';
import { readSettings } from '../../../settings/read.ts';
import { prometheusRules } from '../../rules.ts';
import { addExamples } from '../examples.ts';
import { settingsFile } from '../session.ts';

/** `drover rules`: the Prometheus rule file that belongs to the settings. */
export function defineRules(verb: Command): void {
  verb.action((_, command: Command) => {
    process.stdout.write(prometheusRules(readSettings(settingsFile(command))));
  });
  addExamples(verb, { 'drover rules > drover.yml': "for Prometheus' rule_files" });
}
