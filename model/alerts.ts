/** How the alert receiver answers: the contract between monitoring and Drover. */
import { z } from 'zod';

/** How an alert was taken: acted on, joined to an operation under way, of no concern, or refused. */
export type AlertResult = 'started' | 'joined' | 'ignored' | 'refused';

/** What an operation is told when the alert that asked for it is over: information, no order. */
export const AlertResolved = z.object({
  alertname: z.string(),
  /** When, by Prometheus' clock. */
  at: z.string().max(40),
});
export type AlertResolved = z.infer<typeof AlertResolved>;

/** The answer to one alert of a webhook. */
export interface AlertAnswer {
  readonly fingerprint: string;
  readonly result: AlertResult;
  readonly workflowId?: string;
  readonly reason?: string;
}
