/** The contract between monitoring and Drover: which alert starts which operation. */
import type { MigrateVmRequest } from './migrate-vm.ts';

/** The labels that Drover's own alerts carry beside their name. */
export const alertLabels = {
  DroverVmStarved: ['vm'],
} as const;

/** How a webhook's alert was taken. */
export type AlertResult = 'started' | 'joined' | 'ignored' | 'refused';

/** The answer to one alert of a webhook. */
export interface AlertAnswer {
  readonly fingerprint: string;
  readonly result: AlertResult;
  readonly workflowId?: string;
  readonly reason?: string;
}

/** What an alert asks for: an operation and its input, before that is checked. */
export interface AlertRequest {
  readonly workflow: 'migrateVm';
  readonly input: MigrateVmRequest;
}
