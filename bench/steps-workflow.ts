/** A workflow of steps that do nothing: what is left is the price of a step. */
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** Runs so many activities one after another. */
export async function inARow(steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await nothing();
}
