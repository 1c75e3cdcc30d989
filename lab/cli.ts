/** `npm run lab -- ...` */
import { createInterface } from 'node:readline/promises';
import { Command, CommanderError, Option } from 'commander';
import { ExecaError } from 'execa';
import { pc } from './colours.ts';
import { LabError, LabUsageError } from './errors.ts';
import { openLab, type Lab, type LabStatus, type Step } from './lab.ts';
import { checkRoot } from './machine.ts';

const exitCodes = { failed: 1, usage: 2 } as const;

const program = new Command('lab')
  .description(
    'A datacenter on this machine: hosts with libvirt and BMCs, switches, a SAN, guests, monitoring.',
  )
  .usage('[--lab FILE] COMMAND')
  .option('--lab <file>', 'the lab’s settings (default: lab/default.yaml, the lab of `npm start`)')
  .hook('preAction', checkRoot)
  .showHelpAfterError()
  .exitOverride();

const lab = (): Lab => openLab(program.opts<{ lab?: string }>().lab);
const onOff =
  (words: readonly [string, string]) =>
  (text: string): boolean => {
    if (!words.includes(text)) throw new LabUsageError(`${text}: must be ${words.join(' or ')}`);
    return text === words[0];
  };

program
  .command('up')
  .description('make what is missing, keep what is well, replace what is broken')
  .option('--yes', 'install Debian packages without asking')
  .action(async ({ yes }: { yes?: boolean }) => {
    const it = lab();
    const began = performance.now();
    const ask = yes !== true && process.stdin.isTTY;
    await it.up({ report: print, ...(ask ? { confirm: confirmPackages } : {}) });
    console.log(`Lab ${pc.bold(it.config.name)} is up after ${secondsSince(began)}.`);
    for (const host of it.hosts) console.log(`  ${host.name}  ${host.virshUri}`);
    for (const vm of it.vms) console.log(`  ${vm.name}  http://${vm.address}/`);
    console.log(`  Prometheus    ${it.prometheusUrl}\n  Alertmanager  ${it.alertmanagerUrl}`);
    console.log(`  Drover’s settings: ${it.droverYamlPath}`);
  });

program
  .command('down')
  .description('remove everything the lab made, but not the cache of guest images')
  .action(async () => {
    const it = lab();
    const began = performance.now();
    await it.down({ report: print });
    console.log(`Lab ${pc.bold(it.config.name)} is down after ${secondsSince(began)}.`);
  });

program
  .command('status')
  .description('how the lab stands; exit code 0 if it is whole, else 1')
  .addOption(
    new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'),
  )
  .action(async ({ output }: { output: 'table' | 'json' }) => {
    const status = await lab().status();
    console.log(output === 'json' ? JSON.stringify(status, undefined, 2) : describe(status));
    if (!status.whole) process.exitCode = exitCodes.failed;
  });

program
  .command('load <vm> <on|off>')
  .description('a busy loop inside the guest')
  .action(async (vm: string, state: string) => lab().load(vm, onOff(['on', 'off'])(state)));

program
  .command('crash <host>')
  .description('everything on the host stops at once; its BMC says that the power is on')
  .action(async (host: string) => lab().crash(host));

program
  .command('isolate <host>')
  .description('cut all links of the host, which runs on')
  .action(async (host: string) => lab().isolate(host));

program
  .command('heal <host>')
  .description('undo isolate and crash')
  .action(async (host: string) => lab().heal(host));

program
  .command('power <host> <on|off>')
  .description('the host’s power switch; its VMs do not start by themselves')
  .action(async (host: string, state: string) => lab().power(host, onOff(['on', 'off'])(state)));

program
  .command('switch <switch> <down|up>')
  .description('cut or reconnect all hosts of a switch')
  .action(async (name: string, state: string) => lab().setSwitch(name, onOff(['up', 'down'])(state)));

function print({ name, state, seconds = 0, detail }: Step): void {
  if (state === 'begin') return;
  const time = pc.dim(`${seconds.toFixed(1)} s`.padStart(8));
  console.log(`${time}  ${name}${detail === undefined ? '' : pc.dim(`: ${detail}`)}`);
}

async function confirmPackages(missing: readonly string[]): Promise<boolean> {
  console.log(`The lab needs these Debian packages: ${missing.join(' ')}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Install them now? [Y/n] ');
  terminal.close();
  return /^(?:y|yes)?$/i.test(answer.trim());
}

function describe(status: LabStatus): string {
  const mark = (good: boolean, text: string) => (good ? pc.green(text) : pc.red(text));
  const width = Math.max(
    ...[...status.hosts, ...status.vms, ...status.monitoring].map(({ name }) => name.length),
  );
  const line = (name: string, text: string) => `  ${name.padEnd(width)}  ${text}`;
  return [
    `Lab ${pc.bold(status.name)}: ${mark(status.whole, status.whole ? 'whole' : 'not whole')} (${status.folder})`,
    ...status.hosts.map(({ name, power, state, links, bmc }) =>
      line(
        name,
        `${mark(state === 'running', state)}, power ${power}, links ${mark(links === 'up', links)}, BMC ${mark(bmc, bmc ? 'up' : 'down')}`,
      ),
    ),
    ...status.switches.map(({ name, up }) => line(name, mark(up, up ? 'up' : 'down'))),
    ...status.sans.map(({ datacenter, running }) =>
      line(`SAN ${datacenter}`, mark(running, running ? 'up' : 'down')),
    ),
    ...status.vms.map(({ name, hosts, answers }) => {
      const places = hosts.map(({ host, state }) => `${state} on ${host}`).join(', ') || 'nowhere';
      return line(name, `${places}, ${mark(answers, answers ? 'answers' : 'does not answer')}`);
    }),
    ...status.monitoring.map(({ name, running }) => line(name, mark(running, running ? 'up' : 'down'))),
  ].join('\n');
}

const secondsSince = (began: number) => `${((performance.now() - began) / 1000).toFixed(1)} s`;

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else if (error instanceof LabError) {
    console.error(pc.red(`lab: ${error.message}`));
    process.exitCode = error instanceof LabUsageError ? exitCodes.usage : exitCodes.failed;
  } else if (error instanceof ExecaError) {
    console.error(pc.red(`lab: ${error.message}`));
    process.exitCode = exitCodes.failed;
  } else {
    throw error;
  }
}
