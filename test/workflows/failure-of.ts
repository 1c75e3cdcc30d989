import { OperationFailed } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';

/** The failure in which an operation ends. @throws Error when it ends otherwise */
export async function failureOf(operation: Operation): Promise<OperationFailed> {
  const end = await operation.result().catch((error: unknown) => error);
  if (end instanceof OperationFailed) return end;
  throw end instanceof Error ? end : new Error(`it did not fail: ${JSON.stringify(end)}`);
}
