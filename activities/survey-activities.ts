/** The survey as an activity of a datacenter's queue. */
import { Context } from '@temporalio/activity';
import type { SurveyCounts } from '../model/survey.ts';
import { heartbeating } from './heartbeats.ts';
import type { Hosts } from './hosts/hosts.ts';
import type { Looks } from './looks.ts';
import { RecordSurvey, type SurveyOptions } from './survey-records.ts';

export interface SurveyActivities {
  surveyRecords(request: { readonly datacenter: string }): Promise<SurveyCounts>;
}

/** @param records those of the activity that is under way */
export function createSurveyActivities(
  hosts: Hosts,
  looks: Looks,
  records: () => SurveyOptions['records'],
): SurveyActivities {
  const survey = new RecordSurvey(hosts, looks);
  return {
    surveyRecords: ({ datacenter }) =>
      heartbeating(() => {
        const { cancellationSignal: signal } = Context.current();
        return survey.run(datacenter, { records: records(), signal });
      }),
  };
}
