/** The page of a survey in the Temporal UI: what each datacenter said, and what a person does about one that did not. */
import { escaped, inCode, pageOf, table } from '../model/markdown.ts';
import { datacenterTaskQueue, recordWorkflows } from '../model/operations.ts';
import { sumOfSurveys, type SurveyCounts } from '../model/survey.ts';
import { linkToSearch, sinceText } from './page.ts';

/** Of one datacenter: what it counted, or why it did not; undefined while it is asked. */
export type SurveyPart = SurveyCounts | { readonly failure: string } | undefined;

export function surveyPage(parts: ReadonlyMap<string, SurveyPart>): string {
  const all = [...parts.values()];
  const counted = all.filter((part): part is SurveyCounts => part !== undefined && !('failure' in part));
  const { vms, hosts, silent, created, skipped, failed: unasked } = sumOfSurveys(counted);
  const failed = all.filter((part) => part !== undefined && 'failure' in part).length;
  const isUnderWay = all.length === 0 || all.includes(undefined);
  return pageOf(
    [
      `**Brings the records of VMs and hosts up to date;** it changes nothing on hosts. The schedule starts it, and it may be started by hand, without an input. ${sinceText()}.`,
      table(
        ['datacenter', 'state', 'VMs', 'hosts', 'silent hosts', 'new records', 'left out', 'not asked'],
        [...parts].map(([name, part]) => row(name, part)),
      ),
      isUnderWay
        ? undefined
        : `**Ended:** ${vms} VMs on ${hosts} hosts; ${silent} hosts silent, ${created} records new; ${skipped} VMs left out, for their names or because hosts contradict one another; ${unasked} records not asked, which the next survey does.`,
    ],
    nextText(silent, failed),
  );
}

function row(name: string, part: SurveyPart): string[] {
  if (part === undefined) return [escaped(name), 'under way', '', '', '', '', '', ''];
  if ('failure' in part)
    return [escaped(name), `failed: ${escaped(part.failure, 300)}`, '', '', '', '', '', ''];
  const { vms, hosts, silent, created, skipped, failed } = part;
  return [escaped(name), 'done', ...[vms, hosts, silent, created, skipped, failed].map(String)];
}

function nextText(silent: number, failed: number): string {
  const records = linkToSearch(
    'the records',
    `WorkflowType IN ('${recordWorkflows.vm}', '${recordWorkflows.host}') AND ExecutionStatus = 'Running'`,
  );
  return [
    ...(silent > 0
      ? [
          `- Hosts that are silent: see which and why by ${inCode('drover get hosts')} or ${inCode('drover doctor')}.`,
        ]
      : []),
    ...(failed > 0
      ? [
          `- A datacenter that failed: is a worker running for its task queue (${inCode(datacenterTaskQueue('NAME'))})? The next survey asks again.`,
        ]
      : []),
    `- What is known now: ${records}.`,
  ].join('\n');
}
