import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import {
  MaintainHostsInput,
  type MaintainHostsRequest,
  type MaintainHostsResult,
} from '../../../model/maintain-hosts.ts';
import { fewNames } from '../../../model/names.ts';
import type { Settings } from '../../../settings/schema.ts';
import { byCommandLine } from '../../asked-by.ts';
import type { Drover } from '../../drover.ts';
import { addExamples } from '../examples.ts';
import { Refused, UsageError } from '../exit.ts';
import { printingFailures } from '../failure-data.ts';
import { follow } from '../follow.ts';
import { checked } from '../input.ts';
import { inUi, showInUi } from '../in-ui.ts';
import { checkHost } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { awaited, patiently } from '../patience.ts';
import { printable } from '../printable.ts';
import { withDrover } from '../session.ts';
import { maintenanceText } from '../texts.ts';

type Deed = 'start' | 'finish' | 'cancel';

interface Options {
  readonly domain?: { readonly kind: string; readonly name: string };
  readonly operation?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly partial?: boolean;
  readonly moveBack?: boolean;
  readonly detach?: boolean;
  readonly output: Format;
}

/** `drover maintain start|finish|cancel [HOST...]`: empties hosts and holds them, opens them again. */
export function defineMaintain(verb: Command): void {
  verb
    .addArgument(new Argument('<deed>', 'start, finish or cancel').choices(['start', 'finish', 'cancel']))
    .argument('[hosts...]', 'the hosts, by name')
    .option('--domain <kind=name>', 'all hosts of a failure domain, in the place of names', domainOf)
    .option('--operation <id>', 'finish, cancel: the operation, in the place of its hosts')
    .option('--reason <text>', 'why, for those who read it later')
    .option('--dry-run', 'start: only plan; change nothing')
    .option('--partial', 'start: move what can move, and wait for the rest')
    .option('--move-back', 'take the VMs back to where they were, at the end')
    .option('--watch', 'follow it; Ctrl-C leaves it running (this is the default)')
    .addOption(new Option('--detach', 'return as soon as it is started, or told').conflicts('watch'))
    .addOption(outputOption())
    .action(async (deed: Deed, hosts: readonly string[], options: Options, command: Command) => {
      if (deed === 'start' && options.operation !== undefined)
        throw new UsageError('start takes hosts or --domain; --operation is for finish and cancel');
      if (deed === 'start') {
        const request = requestOf(hosts, options);
        await withDrover(command, (drover, settings) => start(drover, request, options, settings));
      } else {
        await withDrover(command, (drover, settings) => end(drover, deed, { hosts, ...options }, settings));
      }
    });
  addExamples(verb, {
    'drover maintain start --domain switch=sw1 --reason firmware':
      'empty all hosts behind sw1, and hold them',
    'drover maintain start host1 --dry-run': 'the plan, and what would stop it',
    'drover maintain finish --domain switch=sw1 --move-back':
      'the work is done: open them, take the VMs back',
    'drover maintain cancel host1': 'end it early: no further move, and host1 is opened',
  });
}

function domainOf(text: string): { kind: string; name: string } {
  const [kind = '', name = '', ...more] = text.split('=');
  if (kind === '' || name === '' || more.length > 0)
    throw new InvalidArgumentError('give KIND=NAME, such as switch=sw1');
  return { kind, name };
}

function requestOf(hosts: readonly string[], options: Options): MaintainHostsRequest {
  const { domain, reason, dryRun, partial, moveBack } = options;
  if (hosts.length > 0 === (domain !== undefined))
    throw new UsageError('which? Name hosts, or give --domain KIND=NAME, one of the two');
  return checked(MaintainHostsInput, {
    ...(hosts.length > 0 ? { hosts: [...hosts] } : {}),
    ...(domain ? { failureDomain: domain } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(dryRun ? { dryRun } : {}),
    ...(partial ? { partial } : {}),
    ...(moveBack ? { moveBack } : {}),
  });
}

async function start(
  drover: Drover,
  request: MaintainHostsRequest,
  { output, detach }: Options,
  settings: Settings,
): Promise<void> {
  for (const host of request.hosts ?? []) checkHost(host, settings);
  const operation = await drover.start('maintainHosts', request, {
    summary: `${whichInWords(request)} by ${byCommandLine()}`,
    askedBy: byCommandLine(),
  });
  const { workflowId } = operation;
  if (output === 'table') showInUi(drover, workflowId);
  if (detach) {
    print(output, { workflowId, ...inUi(drover, workflowId) }, () => [['OPERATION'], [workflowId]]);
    return;
  }
  const result = await printingFailures(output, () => follow(operation));
  if (output === 'table') console.log(maintenanceText(result));
  else print(output, result, () => []);
  if (result.outcome === 'blocked') throw new Refused('the dry run found that it would be refused');
}

function whichInWords({ hosts, failureDomain }: MaintainHostsRequest): string {
  return hosts ? fewNames(hosts) : `${failureDomain?.kind} ${failureDomain?.name}`;
}

async function end(
  drover: Drover,
  deed: 'finish' | 'cancel',
  { hosts, operation, domain, moveBack, detach, output }: Options & { readonly hosts: readonly string[] },
  settings: Settings,
): Promise<void> {
  const workflowId = operation ?? (await holderOf(drover, meant(hosts, domain, settings)));
  const maintenance = drover.operation<MaintainHostsResult>(workflowId);
  const answer = await printingFailures(output, () =>
    patiently(
      awaited.described,
      deed === 'finish'
        ? maintenance.finishMaintenance(moveBack === undefined ? {} : { moveBack })
        : maintenance.cancelMaintenance(),
    ),
  );
  if (detach) {
    print(output, { workflowId, ...answer }, () => [
      ['OPERATION', 'ANSWER'],
      [workflowId, answer.message],
    ]);
    return;
  }
  if (output === 'table') {
    console.error(printable(answer.message));
    showInUi(drover, workflowId);
  }
  const result = await printingFailures(output, () => follow(maintenance));
  if (output === 'table') console.log(maintenanceText(result));
  else print(output, result, () => []);
}

/** @throws UsageError for hosts and domains that there are not */
function meant(hosts: readonly string[], domain: Options['domain'], settings: Settings): readonly string[] {
  for (const host of hosts) checkHost(host, settings);
  const all = Object.values(settings.clusters).flatMap((cluster) => Object.entries(cluster.hosts));
  const ofDomain = all.flatMap(([name, { failureDomains }]) =>
    domain && failureDomains[domain.kind] === domain.name ? [name] : [],
  );
  if (domain && ofDomain.length === 0)
    throw new UsageError(`no host is of the failure domain ${domain.kind} ${domain.name}`);
  const names = [...new Set([...hosts, ...ofDomain])];
  if (names.length === 0)
    throw new UsageError('which? Name hosts, or give --domain KIND=NAME or --operation ID');
  return names;
}

/** @throws UsageError where no maintenance, or more than one, holds the hosts */
async function holderOf(drover: Drover, hosts: readonly string[]): Promise<string> {
  const records = await patiently(
    awaited.described,
    Promise.all(hosts.map(async (host) => ({ host, record: await drover.hostRecord(host) }))),
  );
  const holders = new Map<string, string[]>();
  const free: string[] = [];
  for (const { host, record } of records) {
    const by = record?.state === 'maintenance' ? record.stateBy?.workflowId : undefined;
    if (by === undefined) free.push(`${host} is ${record?.state ?? 'active'}`);
    else holders.set(by, [...(holders.get(by) ?? []), host]);
  }
  const [first, ...others] = holders.keys();
  if (first === undefined)
    throw new UsageError(`no maintenance holds any of these: ${free.join(', ')} (drover get hosts)`);
  if (others.length > 0) {
    const each = [...holders].map(([id, names]) => `${id} holds ${names.join(', ')}`);
    throw new UsageError(`several operations hold them: ${each.join('; ')}. Give one by --operation`);
  }
  return first;
}
