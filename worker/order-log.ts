/** Orders to hosts in the worker's log, each with the operation and the attempt that gave it. */
import { Context } from '@temporalio/activity';
import type { OnOrder } from '../activities/hosts/order-log.ts';

/** @param write one line of a log, its fields and its text */
export function logOrders(write: (fields: object, text: string) => void): OnOrder {
  return (outcome) => {
    const { info } = Context.current();
    const { workflowExecution, workflowType, activityType, attempt } = info;
    const by = {
      operation: workflowExecution?.workflowId,
      run: workflowExecution?.runId,
      workflow: workflowType,
      activity: activityType,
      attempt,
    };
    write({ ...by, ...outcome }, `${outcome.order} on ${outcome.host}: ${outcome.result}`);
  };
}
