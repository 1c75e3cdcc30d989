/**
 * What monitoring counts of operations, as metrics of the worker. A module of interceptors: each operation is counted
 * without a word of its own, dry runs left out, and nothing is counted while a history is replayed.
 *
 * | metric | labels |
 * |---|---|
 * | `drover_operations_started_total` | `operation` |
 * | `drover_operations_ended_total` | `operation`; `outcome` of its result, `canceled` or `failed`; `failure`, its type |
 * | `drover_migration_duration_seconds` | from the order to the hypervisor's answer, of moves that came to their end |
 * | `drover_migration_downtime_seconds` | how long the VM stood still, as the hypervisor reports it |
 */
import {
  isCancellation,
  metricMeter,
  workflowInfo,
  type WorkflowExecuteInput,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { failureMeanings } from '../model/failures.ts';
import { MoveFigures } from '../model/migrate-vm.ts';
import { operationInputs } from '../model/operations.ts';
import { typeOf } from './ending.ts';

export function interceptors(): WorkflowInterceptors {
  const { workflowType } = workflowInfo();
  if (!Object.hasOwn(operationInputs, workflowType)) return {};
  return { inbound: [{ execute: (input, next) => counted(workflowType, input, next) }] };
}

async function counted(
  operation: string,
  input: WorkflowExecuteInput,
  next: (input: WorkflowExecuteInput) => Promise<unknown>,
): Promise<unknown> {
  const [asked] = input.args as [{ dryRun?: unknown } | null | undefined];
  if (asked?.dryRun === true) return await next(input);
  counter('drover_operations_started_total', 'Operations that began.').add(1, { operation });
  const ended = counter('drover_operations_ended_total', 'Operations by how they ended.');
  try {
    const result = await next(input);
    const { outcome, figures } = result as { readonly outcome: string; readonly figures?: unknown };
    ended.add(1, { operation, outcome, failure: '' });
    time(MoveFigures.safeParse(figures).data ?? {});
    return result;
  } catch (error) {
    ended.add(
      1,
      isCancellation(error)
        ? { operation, outcome: 'canceled', failure: '' }
        : { operation, outcome: 'failed', failure: failureOf(error) },
    );
    throw error;
  }
}

function time({ copyMs, downtimeMs }: MoveFigures): void {
  if (copyMs !== undefined)
    histogram('drover_migration_duration_seconds', 'From the order to the hypervisor’s answer.').record(
      copyMs / 1000,
    );
  if (downtimeMs !== undefined)
    histogram('drover_migration_downtime_seconds', 'How long a moved VM stood still.').record(
      downtimeMs / 1000,
    );
}

/** Of the closed list alone: a label must not take any text. */
function failureOf(error: unknown): string {
  const type = typeOf(error) ?? '';
  return Object.hasOwn(failureMeanings, type) ? type : 'other';
}

function counter(name: string, description: string) {
  return metricMeter.createCounter(name, '1', description);
}

function histogram(name: string, description: string) {
  return metricMeter.createHistogram(name, 'float', 's', description);
}
