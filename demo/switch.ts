/**
 * `npm run demo:switch`: a lab of four hosts behind two switches, and the scene of `switch-scene.ts` on it. Takes down
 * what it made; `--json` ends with the figures as one line.
 */
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import pc from 'picocolors';
import { openLab } from '../lab/lab.ts';
import { checkRoot } from '../lab/machine.ts';
import { readOptions } from '../setup/options.ts';
import { stepsOnStderr } from '../setup/steps.ts';
import { startDrover } from './drover-process.ts';
import { labDatacenter } from './lab-datacenter.ts';
import { holdDatacenter } from './one-start.ts';
import { brokenPromises, switchScene, type SwitchScene } from './switch-scene.ts';

const labFile = fileURLToPath(new URL('./switch-lab.yaml', import.meta.url));

interface Options {
  readonly json?: true;
  readonly lab: string;
}

async function main(): Promise<number> {
  const { json, lab: file } = readOptions(
    new Command('npm run demo:switch --')
      .description('A switch is upgraded at noon: its hosts are emptied, and no request fails.')
      .option('--lab <file>', 'the lab by these settings', labFile)
      .option('--json', 'print the figures as one line, the last'),
  ).opts<Options>();
  checkRoot();
  const steps = stepsOnStderr();
  const lab = openLab(file);
  const datacenter = labDatacenter(lab);
  await using _ = await holdDatacenter(datacenter, 'npm run demo:switch');
  let scene: SwitchScene | undefined;
  let broken: readonly string[] = [];
  try {
    await datacenter.up(steps);
    await using running = await steps.run('start Drover', () => startDrover(datacenter.droverYamlPath));
    const sites = Object.fromEntries(lab.vms.map(({ name, address }) => [name, `http://${address}`]));
    scene = await switchScene(
      { drover: running.drover, sites, setSwitch: (name, up) => lab.setSwitch(name, up) },
      steps.line,
    );
    broken = brokenPromises(scene, lab.vms.length);
  } finally {
    await datacenter.down(steps);
  }
  const { requests, failed, moved, movedBack, switchDownSeconds, longestGapMs } = scene;
  console.error(
    `\n${requests} requests, ${failed} failed, longest gap between two answers ${longestGapMs} ms; ` +
      `${moved} VMs moved, ${movedBack} back; the switch was down for ${switchDownSeconds} s\n`,
  );
  for (const sentence of broken) console.error(pc.red(`not as promised: ${sentence}`));
  if (json) console.log(JSON.stringify({ requests, failed, moved, movedBack, switchDownSeconds }));
  return broken.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).message}`);
  process.exitCode = 1;
}
