import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { readSettings, SettingsError } from '../../../settings/read.ts';
import { temporalTarget } from '../../../settings/temporal.ts';
import { addExamples } from '../examples.ts';
import { exitCodes } from '../exit-codes.ts';
import { outputOption, print, type Format } from '../output.ts';
import { settingsFile } from '../session.ts';

const replayOpenScript = fileURLToPath(new URL('../../../worker/replay-open.ts', import.meta.url));

/**
 * `drover check`: the settings are read and checked, and nothing is started or asked. `--open`: what is open in Temporal
 * is replayed with this version's workflows.
 */
export function defineCheck(verb: Command): void {
  verb
    .addOption(outputOption())
    .option(
      '--open',
      'also replay what is open in Temporal with this version, before an upgrade; nothing is touched',
    )
    .action(async ({ output, open = false }: { output: Format; open?: boolean }, command: Command) => {
      const file = settingsFile(command);
      if (open) return await replayOpen(file, output);
      try {
        const settings = readSettings(file, { needsSecrets: true });
        const clusters = Object.values(settings.clusters);
        const hosts = clusters.reduce((sum, cluster) => sum + Object.keys(cluster.hosts).length, 0);
        const { kind, address, namespace, because } = temporalTarget(settings);
        if (output === 'table') {
          console.log(`${file}: right. ${counted(clusters.length, 'cluster')}, ${counted(hosts, 'host')}.`);
          console.log(because);
        } else {
          const temporal = { kind, address, namespace, because };
          print(output, { file, problems: [], clusters: clusters.length, hosts, temporal }, () => []);
        }
      } catch (error) {
        if (error instanceof SettingsError && output !== 'table')
          print(output, { file, problems: error.problems }, () => []);
        throw error;
      }
    });
  addExamples(verb, {
    'drover check': 'the settings that would be used here',
    'drover check --open': 'before an upgrade: which open operations would not go on with this version',
    'drover -s new.yaml check -o json': 'all that is wrong with a file, for a program',
  });
}

/** Workers alone have what replays; it prints for itself. */
async function replayOpen(settingsPath: string, output: Format): Promise<void> {
  readSettings(settingsPath, { needsSecrets: true });
  const json = output === 'table' ? [] : ['--json'];
  const { execa } = await import('execa');
  const { exitCode } = await execa(
    process.execPath,
    [replayOpenScript, '--settings', settingsPath, ...json],
    { stdout: 'inherit', stderr: 'inherit', reject: false },
  );
  process.exitCode = exitCode ?? exitCodes.failed;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
