/** `npm run simulated -- ...` */
import { Command, CommanderError, Option } from 'commander';
import { ResponseError } from 'vscode-jsonrpc/node';
import { pc } from '../colours.ts';
import { LabError, LabUsageError } from '../errors.ts';
import { among, checkFault, checkNames, numberAbove0, parseFault, readSpec, specOfSize } from './choose.ts';
import { describeConvictions, describeEntry, describeWorld, isWhole } from './describe.ts';
import { addFaultCommands, onOff } from './fault-commands.ts';
import { defaultFolder, defaultStartFolder, runningSite, SitePaths, type SiteRecord } from './record.ts';
import { defaultSpecFile, endSite, setLoad, specOf, startSite, withControl } from './site.ts';
import type { DatacenterSpec } from './spec.ts';

const exitCodes = { failed: 1, usage: 2 } as const;

const program = new Command('simulated')
  .description(
    'A datacenter of simulated hosts, VMs, links, BMCs and monitoring in one process: without root, of any size.',
  )
  .usage('[--folder DIR] COMMAND')
  .option('--folder <dir>', 'where it keeps its files', defaultFolder())
  .showHelpAfterError()
  .exitOverride();

const paths = (): SitePaths => new SitePaths(program.opts<{ folder: string }>().folder);

function running(): SiteRecord {
  const record = runningSite(paths());
  if (record) return record;
  const ofStart = defaultStartFolder();
  const other =
    ofStart !== paths().folder && runningSite(new SitePaths(ofStart))
      ? `; the one of npm start runs in ${ofStart}: give --folder ${ofStart}`
      : '';
  throw new LabError(
    `no simulated datacenter runs in ${paths().folder}: start one with npm run simulated -- up${other}`,
  );
}

interface UpChoice {
  readonly hosts?: string;
  readonly vms?: string;
  readonly spec?: string;
  readonly rate?: string;
}

program
  .command('up')
  .description('start one in the background: by size, by a file, or the two hosts of npm start')
  .option('--hosts <n>', 'so many equal hosts (with --vms; default 3)')
  .option('--vms <m>', 'so many VMs, dealt out in turn (with --hosts; default 6)')
  .option('--spec <file>', 'hosts and VMs by a file, YAML or JSON, such as lab/simulated/default.yaml')
  .option('--rate <r>', 'its time runs so many times as fast (default 1; CPU use is right at 1 alone)')
  .action(async (choice: UpChoice) => {
    const spec = specFor(choice);
    const rate = choice.rate === undefined ? 1 : numberAbove0('--rate', choice.rate);
    const known = runningSite(paths());
    if (known && Object.keys(choice).length > 0)
      throw new LabError(
        `one runs already (process ${known.pid}): take it down first, with npm run simulated -- down`,
      );
    const began = performance.now();
    const record = known ?? (await startSite(paths(), { spec, rate }));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      known ? 'The simulated datacenter runs already.' : `The simulated datacenter is up after ${seconds} s.`,
    );
    console.log(whatNext(record, specOf(paths())));
  });

program
  .command('down')
  .description('end it and remove what it made; Drover’s own state stays')
  .action(async () => {
    const ran = await endSite(paths());
    console.log(ran ? 'The simulated datacenter is down.' : 'No simulated datacenter ran.');
  });

program
  .command('status')
  .description('how it stands, with what is down or does not run; exit code 0 if it is whole, else 1')
  .option('--all', 'every host and VM')
  .addOption(output('table'))
  .action(async ({ all = false, output }: { all?: boolean; output: string }) => {
    const record = running();
    const spec = specOf(paths());
    const { world, convictions } = await withControl(record, async (control) => ({
      world: await control.ask('world', {}),
      convictions: await control.ask('convictions', {}),
    }));
    const whole = isWhole(spec, world, convictions);
    if (output === 'json') console.log(JSON.stringify({ whole, ...world, convictions }, undefined, 2));
    else console.log(describeWorld(spec, world, convictions, { all }));
    if (!whole) process.exitCode = exitCodes.failed;
  });

program
  .command('verdict')
  .description('what the referee has convicted; exit code 0 if nothing, else 1')
  .option(
    '--at-rest',
    'judge also what holds only while no operation is under way: nothing lost or left over',
  )
  .addOption(output('table'))
  .action(async ({ atRest, output }: { atRest?: boolean; output: string }) => {
    const convictions = await withControl(running(), (control) =>
      atRest
        ? control.ask('audit', { operations: [], triggers: [], held: [] })
        : control.ask('convictions', {}),
    );
    console.log(
      output === 'json' ? JSON.stringify(convictions, undefined, 2) : describeConvictions(convictions),
    );
    if (convictions.length > 0) process.exitCode = exitCodes.failed;
  });

program
  .command('journal')
  .description('everything that happened, in its order')
  .option('--calls', 'also what workers ask of hosts')
  .addOption(output('text'))
  .action(async ({ calls, output }: { calls?: boolean; output: string }) => {
    const entries = await withControl(running(), (control) => control.ask('journal', { fromIndex: 0 }));
    for (const entry of entries) {
      if (entry.kind === 'call' && !calls) continue;
      console.log(output === 'json' ? JSON.stringify(entry) : describeEntry(entry));
    }
  });

program
  .command('load <vm> <on|off>')
  .description('a busy loop inside the guest')
  .action(async (vm: string, state: string) => {
    const record = running();
    const names = specOf(paths()).vms.map(({ name }) => name);
    await setLoad(paths(), record, among('VM', names, vm), onOff(state, ['on', 'off']));
    console.log(`load ${vm} ${state}: done`);
  });

program
  .command('fault <json>')
  .description(
    'any fault as JSON, such as {"kind":"crashHost","host":"host1"}; docs/simulated.md has them all',
  )
  .action(async (text: string) => {
    const fault = parseFault(text);
    await bring(fault);
    console.log(`fault ${fault.kind}: done`);
  });

addFaultCommands(program, bring);

/** Checks a fault against the datacenter there is, and lets it happen. */
async function bring(wanted: Readonly<Record<string, unknown>>): Promise<void> {
  const fault = checkFault(wanted);
  const record = running();
  checkNames(specOf(paths()), fault);
  await withControl(record, (control) => control.ask('fault', fault));
}

function specFor({ hosts, vms, spec }: UpChoice): DatacenterSpec {
  if (spec !== undefined && (hosts !== undefined || vms !== undefined))
    throw new LabUsageError('give --spec, or --hosts and --vms, not both');
  if (hosts === undefined && vms === undefined) return readSpec(spec ?? defaultSpecFile);
  return specOfSize(hosts ?? '3', vms ?? '6');
}

function whatNext(record: SiteRecord, { hosts, vms }: DatacenterSpec): string {
  const drover = `npx drover -s ${paths().droverYaml}`;
  const options = paths().folder === defaultFolder() ? '' : ` --folder ${paths().folder}`;
  const simulated = `npm run simulated --${options}`;
  const vm = vms[0]?.name;
  const other = hosts.at(-1)?.name;
  return [
    `  ${hosts.length} hosts, ${vms.length} VMs, all of it simulated; the monitoring too`,
    `  Drover’s settings: ${paths().droverYaml}`,
    ...(vm === undefined ? [] : [`  ${vm}: http://127.0.0.1:${record.webPort}/${vm}/`]),
    `  alerts: http://127.0.0.1:${record.monitorPort}/api/v1/alerts`,
    `  log: ${paths().log}`,
    '',
    'Try next:',
    `  ${drover} up`,
    `  ${drover} get vms`,
    ...(vm === undefined || other === undefined
      ? []
      : [
          `  ${drover} migrate ${vm} --to ${other}`,
          `  ${simulated} load ${vm} on`,
          `  ${simulated} crash ${other}`,
        ]),
    `  ${simulated} status | verdict | journal | heal | down`,
  ].join('\n');
}

function output(first: 'table' | 'text'): Option {
  return new Option('-o, --output <format>', 'how to print it').choices([first, 'json']).default(first);
}

// A reader that has seen enough, as `| head`, is no failure.
process.stdout.on('error', () => process.exit());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else if (error instanceof LabError || error instanceof ResponseError) {
    console.error(pc.red(`simulated: ${error.message}`));
    process.exitCode = error instanceof LabUsageError ? exitCodes.usage : exitCodes.failed;
  } else {
    throw error;
  }
}
