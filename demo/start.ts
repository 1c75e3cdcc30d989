/**
 * `npm start`: sets the machine up, starts a datacenter and Drover on it, shows a move on an alert, and stays up until
 * Ctrl-C. The datacenter is the lab, where the machine can carry it, else a simulated one; `--simulated` takes that
 * anyway. `--once` takes everything down again; `--json` ends with the figures as one line.
 */
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { readOptions } from '../setup/options.ts';
import { stepsOnStderr } from '../setup/steps.ts';
import { chooseDatacenter } from './choose-datacenter.ts';
import type { Datacenter } from './datacenter.ts';
import { startDrover } from './drover-process.ts';
import { holdDatacenter } from './one-start.ts';
import { brokenPromises, guidedMove, type GuidedMove } from './guided-move.ts';

interface Options {
  readonly once?: true;
  readonly json?: true;
  readonly yes?: true;
  readonly simulated?: true;
  readonly folder?: string;
  readonly lab?: string;
}

async function main(): Promise<number> {
  const values = readOptions(
    new Command('npm start --')
      .description(
        'Starts a datacenter and Drover on it, shows a move on a real alert, and stays up until Ctrl-C.',
      )
      .option('--once', 'take everything down after the move; exit code 0 only if all of it held')
      .option('--json', 'print the figures as one line, the last')
      .option('--yes', 'install Debian packages without asking')
      .option('--simulated', 'take the simulated datacenter, also where the lab could be')
      .option('--folder <dir>', 'where the simulated datacenter keeps its files; takes that one')
      .addOption(
        new Option('--lab <file>', 'the lab by these settings, and nothing else').conflicts([
          'simulated',
          'folder',
        ]),
      ),
  ).opts<Options>();
  const began = performance.now();
  const steps = stepsOnStderr();
  const interrupted = interruption();
  const { datacenter, prepare } = await chooseDatacenter(values, steps.line);
  // Before anything is made, and held to the end: what is taken down then is nobody else's.
  await using _ = await holdDatacenter(datacenter, 'npm start');
  await prepare(steps);
  const print = (move: GuidedMove, startSeconds: number): void =>
    console.log(
      JSON.stringify({
        ...move,
        startSeconds: Number(startSeconds.toFixed(1)),
        datacenter: datacenter.kind,
      }),
    );
  let exitCode = 1;
  try {
    await datacenter.up(steps);
    if (interrupted.isAsked()) return 130;
    const settings = readSettings(datacenter.droverYamlPath);
    await using running = await steps.run('start Drover', () => startDrover(datacenter.droverYamlPath));
    const startSeconds = (performance.now() - began) / 1000;
    const move = await Promise.race([guidedMove(datacenter, running.drover, steps.line), interrupted.asked]);
    if (!move) return 130;
    const broken = brokenPromises(move);
    console.error(summary(move, datacenter));
    for (const sentence of broken) console.error(pc.red(`not as promised: ${sentence}`));
    exitCode = broken.length === 0 ? 0 : 1;
    if (!values.once) {
      console.error(nextSteps(datacenter, settings, running.drover.target.uiUrl));
      if (values.json) print(move, startSeconds);
      await interrupted.asked;
      exitCode = 0;
    } else if (values.json) {
      process.once('exit', () => print(move, startSeconds));
    }
  } finally {
    await datacenter.down(steps);
  }
  return exitCode;
}

function summary(move: GuidedMove, { hypervisor }: Datacenter): string {
  const rows: [string, string][] = [
    ['cause', move.alert],
    ['moved', `${move.vm}: ${move.from} to ${move.to}`],
    ['whole time', `${(move.wholeMs / 1000).toFixed(2)} s`],
    ['copy', `${(move.copyMs / 1000).toFixed(2)} s`],
    [
      'downtime',
      `${Math.round(move.downtimeMs)} ms, as ${hypervisor} reports it; ${move.standstillMs} ms until it ran at the target`,
    ],
    [
      'requests',
      `${move.requests} sent, ${move.failed} failed, longest gap between two answers ${move.longestGapMs} ms`,
    ],
    [
      'served',
      `${move.servedBefore.toFixed(1)} requests a second before, ${move.servedAfter.toFixed(1)} after`,
    ],
  ];
  return `\n${rows.map(([name, value]) => `  ${pc.bold(name.padEnd(11))}${value}`).join('\n')}\n`;
}

function nextSteps(datacenter: Datacenter, settings: Settings, uiUrl: string | undefined): string {
  const drover = `npx drover -s ${datacenter.droverYamlPath}`;
  return [
    `Temporal UI     ${uiUrl ?? 'of your own cluster'}`,
    `alert receiver  http://${settings.alerts?.listen}/alerts`,
    `metrics         http://${settings.metrics.worker}/metrics, http://${settings.alerts?.listen}/metrics`,
    datacenter.monitoringPages(),
    '',
    'Try next:',
    `  ${drover} get vms`,
    `  ${drover} explain web1`,
    `  ${drover} migrate web1 --to host1`,
    `  ${datacenter.loadCommand}        and watch it move again`,
    `  in the Temporal UI: Start Workflow, type migrateVm, task queue drover, input {"vm":"web1"}`,
    '',
    'Ctrl-C takes all of this down.',
  ].join('\n');
}

/** The first Ctrl-C, SIGTERM or end of the terminal is heeded, a second one answered, and the third one kills. */
function interruption(): { readonly asked: Promise<undefined>; readonly isAsked: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let times = 0;
  const heed = (): void => {
    times++;
    if (times === 1) {
      console.error('Takes down what was started, once the step that is under way has ended ...');
      resolve(undefined);
    } else if (times === 2) {
      console.error(
        'It is being taken down. Once more leaves the rest as it is, and the next start removes it.',
      );
    } else process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heed);
  return { asked: promise, isAsked: () => times > 0 };
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).message}`);
  process.exitCode = 1;
}
