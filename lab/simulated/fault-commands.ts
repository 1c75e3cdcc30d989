/** The common faults by words; `fault JSON` takes them all. */
import type { Command } from 'commander';
import { LabUsageError } from '../errors.ts';
import { among } from './choose.ts';

const ofHost = {
  crash: ['crashHost', 'everything on the host stops at once and in silence; its power stays on'],
  freeze: ['freezeHost', 'its libvirtd hangs, its VMs run on'],
  thaw: ['thawHost', 'undo freeze: what was asked meanwhile is done now'],
  restart: ['restartDaemon', 'its libvirtd dies and is started again; its VMs run on'],
  isolate: ['isolateHost', 'cut all links of the host, which runs on'],
} as const;

const migrationFaults = {
  well: {},
  fails: { failsAt: 0.5 },
  neverConverges: { neverConverges: true },
  losesLastReply: { losesLastReply: true },
} as const;

const bmcStates = ['well', 'dead', 'hangs', 'acksOnly', 'saysOff'] as const;
const orders = ['start', 'shutDown', 'destroy', 'suspend', 'resume', 'undefine'] as const;

/**
 * @param bring checks a fault and lets it happen
 * @param tell says in one line that it did
 */
export function addFaultCommands(
  program: Command,
  bring: (fault: Readonly<Record<string, unknown>>) => Promise<void>,
  tell: (line: string) => void = console.log,
): void {
  const before = program.commands.length;
  addCommands(program, bring);
  for (const command of program.commands.slice(before))
    command.hook('postAction', () => tell(`${[command.name(), ...command.args].join(' ')}: done`));
}

function addCommands(
  program: Command,
  bring: (fault: Readonly<Record<string, unknown>>) => Promise<void>,
): void {
  for (const [command, [kind, description]] of Object.entries(ofHost)) {
    program
      .command(`${command} <host>`)
      .description(description)
      .action((host: string) => bring({ kind, host }));
  }
  program
    .command('heal [host]')
    .description(
      'undo isolate, freeze, crash and power off of a host; without a host, all that can be undone',
    )
    .action(async (host?: string) => {
      if (host === undefined) return await bring({ kind: 'healAll' });
      for (const kind of ['rejoinHost', 'thawHost', 'powerOn'] as const) await bring({ kind, host });
    });
  program
    .command('power <host> <on|off>')
    .description('the host’s power switch; its VMs do not start by themselves')
    .action((host: string, state: string) =>
      bring({ kind: onOff(state, ['on', 'off']) ? 'powerOn' : 'powerOff', host }),
    );
  program
    .command('cut <from> <to>')
    .description('one direction of a link: hosts, storage servers, worker, users, monitor, * for all')
    .action((from: string, to: string) => bring({ kind: 'cutLink', from, to }));
  program
    .command('mend <from> <to>')
    .description('undo cut')
    .action((from: string, to: string) => bring({ kind: 'mendLink', from, to }));
  program
    .command('storage <server> <away|back>')
    .description('a storage server that nobody reaches: what runs from it is paused')
    .action((storage: string, state: string) =>
      bring({ kind: onOff(state, ['away', 'back']) ? 'storageAway' : 'storageBack', storage }),
    );
  program
    .command(`bmc <host> <${bmcStates.join('|')}>`)
    .description('how the host’s BMC behaves')
    .action((host: string, state: string) => {
      const fault = among('state of a BMC', bmcStates, state);
      return bring({ kind: 'bmc', host, ...(fault === 'well' ? {} : { fault }) });
    });
  program
    .command(`migrations <vm> <${Object.keys(migrationFaults).join('|')}>`)
    .description('what befalls the VM’s migrations from now on')
    .action((vm: string, state: string) => {
      const known = Object.keys(migrationFaults) as (keyof typeof migrationFaults)[];
      return bring({ kind: 'migration', vm, ...migrationFaults[among('such end', known, state)] });
    });
  program
    .command('crash-guest <vm>')
    .description('the guest, or its QEMU, dies')
    .action((vm: string) => bring({ kind: 'crashGuest', vm }));
  program
    .command('person <order> <vm>')
    .description('a person acts past Drover: ' + orders.join(', '))
    .option('--host <host>', 'on the copy of this host; default: on the copy that runs')
    .action((order: string, vm: string, more: { host?: string }) =>
      bring({ kind: 'person', order: among('such order', orders, order), vm, ...more }),
    );
}

/** Whether the first of two words was said. @throws LabUsageError when neither was */
export function onOff(text: string, words: readonly [string, string]): boolean {
  if (!words.includes(text)) throw new LabUsageError(`${text}: must be ${words.join(' or ')}`);
  return text === words[0];
}
