/** The examination of a site: what it is asked, and what it finds. */
import { z } from 'zod';
import { Name } from './names.ts';

export const DoctorInput = z.strictObject({
  hosts: z
    .array(Name)
    .min(1, 'names no host: leave it out for all of them')
    .max(1000)
    .optional()
    .meta({ description: 'These hosts alone. Default: every host of the settings.', examples: [['host1']] }),
  trials: z.boolean().default(true).meta({
    description:
      'Also what has to be tried out: throw-away VMs are started and moved, and silent connections held. Default: true.',
  }),
});
export type DoctorRequest = z.input<typeof DoctorInput>;

/** `notChecked`: it could not be found out, or nothing is there to be looked at; the message says why. */
export const findingStatuses = ['error', 'warning', 'notChecked', 'ok'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** Every check by its name, with what it looks at; docs/operations/doctor.md has the limits. */
export const doctorChecks = {
  server: "Temporal's version",
  retention: 'how long Temporal keeps what has ended',
  searchAttributes: 'the search attributes of the namespace',
  rate: 'what a step of a workflow costs',
  workers: 'how many workers poll each task queue',
  examination: 'whether it could be examined at all',
  reachable: 'whether a worker reaches the host, and how quickly',
  names: 'whether the host names of the settings resolve',
  certificates: 'whether certificates are valid, and for how long',
  versions: 'libvirt and QEMU against what was tested',
  clock: "the host's clock",
  keepalive: 'when the host drops a silent connection',
  peers: 'whether VMs can be moved to the next host of the cluster',
  networks: 'whether the networks of the VMs are there',
  storage: 'whether the storage of the VMs can be opened',
  cpu: 'whether hosts take VMs with the CPU of one another',
  fence: "whether the fence device answers, and for this host's power",
  leftovers: 'throw-away VMs of an earlier examination',
  movable: 'what the VMs have against being moved',
} as const;
export type DoctorCheck = keyof typeof doctorChecks;

export interface DoctorFinding {
  /** What was examined: `host1`, `cluster berlin`, `Temporal`, `task queue drover`, `VM web1`. */
  readonly subject: string;
  readonly check: DoctorCheck;
  readonly status: FindingStatus;
  /** One sentence: what was measured, against which limit. */
  readonly message: string;
  /** What to do; absent where nothing has to be done. */
  readonly advice?: string;
}

export type FindingCounts = Readonly<Record<FindingStatus, number>>;

/** The result of the workflow `doctor`. */
export interface DoctorReport {
  /** One line: `2 errors, 1 warning, 3 not checked, 40 ok`. */
  readonly message: string;
  readonly counts: FindingCounts;
  readonly findings: readonly DoctorFinding[];
}

export function doctorReport(findings: readonly DoctorFinding[]): DoctorReport {
  const counts = countFindings(findings);
  return { message: countsText(counts), counts, findings };
}

function countFindings(findings: readonly DoctorFinding[]): FindingCounts {
  const counts = { error: 0, warning: 0, notChecked: 0, ok: 0 };
  for (const { status } of findings) counts[status]++;
  return counts;
}

/** `2 errors, 1 warning, 3 not checked, 40 ok` */
export function countsText({ error, warning, notChecked, ok }: FindingCounts): string {
  const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  return [
    plural(error, 'error'),
    plural(warning, 'warning'),
    ...(notChecked > 0 ? [`${notChecked} not checked`] : []),
    `${ok} ok`,
  ].join(', ');
}

/** By subject, the subjects in the order in which they come first; within one, the worst first. */
export function bySubject(findings: readonly DoctorFinding[]): Map<string, DoctorFinding[]> {
  const groups = Map.groupBy(findings, ({ subject }) => subject);
  for (const group of groups.values())
    group.sort((a, b) => findingStatuses.indexOf(a.status) - findingStatuses.indexOf(b.status));
  return groups;
}
