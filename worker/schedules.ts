/** Temporal's schedules of Drover: what it does by itself, every so often. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleClient,
  type ScheduleOptions,
} from '@temporalio/client';
import { internalWorkflows, surveyScheduleId, taskQueue } from '../model/operations.ts';

/** What a schedule does and when; a person's pause of it is left as it is. */
type Planned = Required<Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>>;

/**
 * Makes the schedule of the survey, or brings it up to date; the first survey begins with it. Safe when two workers do
 * it at once.
 * @param everyMinutes 0: there is none
 */
export async function scheduleSurvey(schedules: ScheduleClient, everyMinutes: number): Promise<void> {
  if (everyMinutes === 0) return await remove(schedules);
  const planned: Planned = {
    spec: { intervals: [{ every: `${everyMinutes}m` }] },
    action: {
      type: 'startWorkflow',
      workflowType: internalWorkflows.surveyHerd,
      workflowId: 'survey-herd',
      taskQueue,
      args: [],
    },
    // One that is late is done by the next.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
  };
  try {
    await schedules.create({
      ...planned,
      scheduleId: surveyScheduleId,
      state: { triggerImmediately: true },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await schedules.getHandle(surveyScheduleId).update(({ state }) => ({ ...planned, state }));
  }
}

async function remove(schedules: ScheduleClient): Promise<void> {
  try {
    await schedules.getHandle(surveyScheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
