/** How the alert receiver answers: the contract between monitoring and Drover. */

/** How an alert was taken: acted on, joined to an operation under way, of no concern, or refused. */
export type AlertResult = 'started' | 'joined' | 'ignored' | 'refused';

/** The answer to one alert of a webhook. */
export interface AlertAnswer {
  readonly fingerprint: string;
  readonly result: AlertResult;
  readonly workflowId?: string;
  readonly reason?: string;
}
