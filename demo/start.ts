/**
 * `npm start`: sets the machine up, starts the lab datacenter and Drover on it, shows a move on a real alert, and
 * stays up until Ctrl-C. `--once` takes everything down again; `--json` ends with the figures as one line.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { prometheusRules } from '../client/rules.ts';
import { openLab, type Lab } from '../lab/lab.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { stepsOnStderr } from '../setup/steps.ts';
import { startDrover } from './drover-process.ts';
import { brokenPromises, guidedMove, type GuidedMove } from './guided-move.ts';
import { prepareMachine } from './machine.ts';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean' },
      json: { type: 'boolean' },
      yes: { type: 'boolean' },
      lab: { type: 'string' },
    },
  });
  const began = performance.now();
  const steps = stepsOnStderr();
  const interrupted = interruption();
  const lab = openLab(values.lab);
  await prepareMachine(steps, { ask: values.yes !== true });
  let exitCode = 1;
  try {
    await lab.up({ report: steps.report });
    const settings = readSettings(lab.droverYamlPath);
    await steps.run('load the rules of drover rules into Prometheus', () => loadRules(lab, settings));
    await using running = await steps.run('start Drover', () => startDrover(lab.droverYamlPath));
    const startSeconds = (performance.now() - began) / 1000;
    const move = await Promise.race([guidedMove(lab, running.drover, steps.line), interrupted]);
    if (!move) return 130;
    const broken = brokenPromises(move);
    console.error(summary(move));
    for (const sentence of broken) console.error(pc.red(`not as promised: ${sentence}`));
    exitCode = broken.length === 0 ? 0 : 1;
    if (!values.once) {
      console.error(nextSteps(lab, settings, running.drover.target.uiUrl));
      if (values.json) printFigures(move, startSeconds);
      await interrupted;
      exitCode = 0;
    } else if (values.json) {
      process.once('exit', () => printFigures(move, startSeconds));
    }
  } finally {
    await steps.run('take the lab down', () => lab.down({ report: steps.report }));
  }
  return exitCode;
}

function printFigures(move: GuidedMove, startSeconds: number): void {
  console.log(JSON.stringify({ ...move, startSeconds: Number(startSeconds.toFixed(1)) }));
}

/** The rule file where the lab's Prometheus looks for it; Prometheus is asked to read it. */
async function loadRules(lab: Lab, settings: Settings): Promise<void> {
  mkdirSync(lab.prometheusRulesFolder, { recursive: true });
  writeFileSync(join(lab.prometheusRulesFolder, 'drover.yml'), prometheusRules(settings));
  const answer = await fetch(`${lab.prometheusUrl}/-/reload`, { method: 'POST' });
  if (!answer.ok) throw new Error(`Prometheus does not take the rules: ${await answer.text()}`);
}

function summary(move: GuidedMove): string {
  const rows: [string, string][] = [
    ['cause', move.alert],
    ['moved', `${move.vm}: ${move.from} to ${move.to}`],
    ['whole time', `${(move.wholeMs / 1000).toFixed(2)} s`],
    ['copy', `${(move.copyMs / 1000).toFixed(2)} s`],
    ['downtime', `${Math.round(move.downtimeMs)} ms, as libvirt reports it`],
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

function nextSteps(lab: Lab, settings: Settings, uiUrl: string | undefined): string {
  const drover = `npx drover -s ${lab.droverYamlPath}`;
  return [
    `Temporal UI     ${uiUrl ?? 'of your own cluster'}`,
    `alert receiver  http://${settings.alerts?.listen}/alerts`,
    `metrics         http://${settings.metrics.worker}/metrics, http://${settings.alerts?.listen}/metrics`,
    `Prometheus      ${lab.prometheusUrl}, Alertmanager ${lab.alertmanagerUrl}`,
    '',
    'Try next:',
    `  ${drover} get vms`,
    `  ${drover} explain web1`,
    `  ${drover} migrate web1 --to host1`,
    `  npm run lab -- load web1 on        and watch it move again`,
    `  in the Temporal UI: Start Workflow, type migrateVm, task queue drover, input {"vm":"web1"}`,
    '',
    'Ctrl-C takes all of this down.',
  ].join('\n');
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one kills. */
function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(undefined));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).message}`);
  process.exitCode = 1;
}
