/** The survey as an activity of a datacenter's queue. */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { SurveyCounts } from '../model/survey.ts';
import { heartbeating } from './heartbeats.ts';
import type { Hosts } from './hosts/hosts.ts';
import type { Looks } from './looks.ts';
import { RecordSurvey, type SurveyOptions } from './survey-records.ts';

export interface SurveyActivities {
  surveyRecords(request: { readonly datacenter: string }): Promise<SurveyCounts>;
}

export function createSurveyActivities(
  hosts: Hosts,
  looks: Looks,
  recordsOf: (client: Client) => SurveyOptions['records'],
): SurveyActivities {
  const survey = new RecordSurvey(hosts, looks);
  return {
    surveyRecords: ({ datacenter }) =>
      heartbeating(() => {
        const { client, cancellationSignal: signal } = Context.current();
        return survey.run(datacenter, { records: recordsOf(client), signal });
      }),
  };
}
