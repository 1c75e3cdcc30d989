import { InvalidArgumentError, type Command } from 'commander';
import {
  bySubject,
  countsText,
  DoctorInput,
  type DoctorFinding,
  type DoctorReport,
  type DoctorRequest,
  type FindingStatus,
} from '../../../model/doctor.ts';
import { colored, type Mood } from '../colors.ts';
import { addExamples } from '../examples.ts';
import { exitCodes } from '../exit-codes.ts';
import { printingFailures } from '../failure-data.ts';
import { checkHost } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { printable } from '../printable.ts';
import { withDrover } from '../session.ts';

interface Options {
  readonly hosts?: string[];
  readonly trials: boolean;
  readonly all?: boolean;
  readonly output: Format;
}

/** `drover doctor`: exit code 1 when something is found to be wrong. */
export function defineDoctor(verb: Command): void {
  verb
    .option('--hosts <names>', 'these hosts alone, by comma', namesOf)
    .option('--no-trials', 'start nothing on the hosts: no throw-away VMs, no held connections')
    .option('--all', 'what is well, too')
    .addOption(outputOption())
    .action(async ({ hosts, trials, all = false, output }: Options, command: Command) => {
      await withDrover(command, async (drover, settings) => {
        for (const host of hosts ?? []) checkHost(host, settings);
        const request: DoctorRequest = { ...(hosts ? { hosts } : {}), ...(trials ? {} : { trials }) };
        if (process.stderr.isTTY)
          console.error(
            trials
              ? `examining; a silent connection to each host is held for ${settings.keepaliveSeconds} s or longer ...`
              : 'examining ...',
          );
        const report = await printingFailures(output, () => drover.examine(request));
        const shown = all ? report.findings : report.findings.filter(({ status }) => status !== 'ok');
        if (output === 'table') console.log(reportText(report, shown));
        else print(output, { ...report, findings: shown }, () => []);
        if (report.counts.error > 0) process.exitCode = exitCodes.failed;
      });
    });
  addExamples(verb, {
    'drover doctor': 'all that is not as it should be, with what to do',
    'drover doctor --all': 'what was looked at and is well, too',
    'drover doctor --hosts host1,host2 --no-trials': 'two hosts, without starting anything there',
    'drover doctor -o json': 'for a program; exit code 1 when there is an error',
  });
}

function namesOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const parsed = DoctorInput.shape.hosts.safeParse(names);
  if (!parsed.success)
    throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'is no list of hosts');
  return names;
}

const words: Readonly<Record<FindingStatus, { readonly word: string; readonly mood: Mood }>> = {
  error: { word: 'error', mood: 'bad' },
  warning: { word: 'warning', mood: 'careful' },
  notChecked: { word: 'not checked', mood: 'aside' },
  ok: { word: 'ok', mood: 'aside' },
};
const widest = 'not checked'.length;

/** Subjects with their findings, and one line of counts at the end. */
export function reportText({ counts }: DoctorReport, shown: readonly DoctorFinding[]): string {
  const groups = [...bySubject(shown)].map(([subject, findings]) =>
    [colored('head', printable(subject)), ...findings.map(findingLines)].join('\n'),
  );
  return [...groups, countsText(counts)].join('\n\n');
}

function findingLines({ status, check, message, advice }: DoctorFinding): string {
  const { word, mood } = words[status];
  const line = `  ${colored(mood, word.padEnd(widest))}  ${check}: ${printable(message)}`;
  return advice === undefined ? line : `${line}\n  ${' '.repeat(widest)}  -> ${printable(advice)}`;
}
