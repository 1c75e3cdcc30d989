/**
 * `surveyHerd`: keeps the records of VMs and hosts up to date. Temporal's schedule `drover-survey` runs it; every
 * datacenter is surveyed by its own workers, and one without any does not keep the others from it.
 */
import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { SurveyActivities } from '../activities/survey-activities.ts';
import { datacenterTaskQueue, internalWorkflows, taskQueue } from '../model/operations.ts';
import { sumOfSurveys, type SurveyCounts } from '../model/survey.ts';
import { budgets } from './budgets.ts';
import { told } from './ending.ts';
import { searchAttributesOf } from './search-attributes.ts';
import { surveyPage, type SurveyPart } from './survey-page.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'read which datacenters there are',
});

export async function surveyHerd(): Promise<SurveyCounts> {
  upsertSearchAttributes(searchAttributesOf({ kind: internalWorkflows.surveyHerd }));
  const shown = new Map<string, SurveyPart>();
  const show = (datacenter: string, part: SurveyPart): void => {
    shown.set(datacenter, part);
    setCurrentDetails(surveyPage(shown));
  };
  const { datacenters } = await site.readSite();
  const parts = await Promise.allSettled(
    datacenters.map(async (datacenter) => {
      show(datacenter, undefined);
      try {
        const counts = await surveyIn(datacenter);
        show(datacenter, counts);
        return counts;
      } catch (error) {
        show(datacenter, { failure: told(error) });
        throw error;
      }
    }),
  );
  const counts = sumOfSurveys(parts.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : [])));
  const failed = parts.find((part) => part.status === 'rejected');
  if (failed) throw failed.reason;
  return counts;
}

function surveyIn(datacenter: string): Promise<SurveyCounts> {
  const { surveyRecords } = proxyActivities<SurveyActivities>({
    taskQueue: datacenterTaskQueue(datacenter),
    // 20,000 records are told in seven minutes, and begin in fourteen.
    startToCloseTimeout: '1h',
    scheduleToCloseTimeout: '1h',
    scheduleToStartTimeout: budgets.surveyStartMs,
    heartbeatTimeout: '10s',
    retry: { maximumAttempts: 3 },
    summary: `records of ${datacenter}`,
  });
  return surveyRecords({ datacenter });
}
