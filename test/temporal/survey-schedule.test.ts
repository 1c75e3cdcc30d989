/** The schedule of the survey, as workers make it when they start. */
import { Connection, ScheduleClient, ScheduleNotFoundError } from '@temporalio/client';
import { afterEach, beforeAll, afterAll, expect, inject, test } from 'vitest';
import { surveyScheduleId } from '../../model/operations.ts';
import { scheduleSurvey } from '../../worker/schedules.ts';

let connection: Connection;
let schedules: ScheduleClient;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  schedules = new ScheduleClient({ connection });
});
afterEach(() => scheduleSurvey(schedules, 0));
afterAll(() => connection?.close());

const described = () => schedules.getHandle(surveyScheduleId).describe();
const minute = 60_000;

test('the first worker makes it: no two surveys at once, and a late one is done by the next', async () => {
  await scheduleSurvey(schedules, 5);
  const { spec, policies, action } = await described();
  expect(spec.intervals).toMatchObject([{ every: 5 * minute }]);
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: minute });
  expect(action).toMatchObject({ workflowType: 'surveyHerd', taskQueue: 'drover' });
});

test('a worker with other settings changes it, and a pause by a person stays', async () => {
  await scheduleSurvey(schedules, 5);
  await schedules.getHandle(surveyScheduleId).pause('the storage is being changed');
  await scheduleSurvey(schedules, 30);
  const { spec, state } = await described();
  expect(spec.intervals).toMatchObject([{ every: 30 * minute }]);
  expect(state).toMatchObject({ paused: true, note: 'the storage is being changed' });
});

test('two workers at once make one', async () => {
  await Promise.all([scheduleSurvey(schedules, 5), scheduleSurvey(schedules, 5)]);
  expect((await described()).spec.intervals).toHaveLength(1);
});

test('0 removes it, also where there is none', async () => {
  await scheduleSurvey(schedules, 5);
  await scheduleSurvey(schedules, 0);
  await expect(described()).rejects.toBeInstanceOf(ScheduleNotFoundError);
  await scheduleSurvey(schedules, 0);
});
