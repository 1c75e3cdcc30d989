/** What failed, for programs: the same on standard output as a result would be. */
import { OperationCanceled, OperationFailed } from '../errors.ts';
import { print, type Format } from './output.ts';

/** How `-o json` and `-o yaml` tell of an operation that did not end well. */
export interface FailureData {
  readonly operation: string;
  /** One of the failures of docs/operations; `Canceled` when somebody ended it. */
  readonly type: string;
  readonly message: string;
  readonly findings: readonly unknown[];
  /** Of `NoHostFits`: every host's reasons. */
  readonly placement?: unknown;
}

export function failureData(error: unknown): FailureData | undefined {
  if (error instanceof OperationCanceled)
    return { operation: error.workflowId, type: 'Canceled', message: error.message, findings: [] };
  if (!(error instanceof OperationFailed)) return undefined;
  const details = (error.details ?? {}) as { findings?: unknown; placement?: unknown };
  return {
    operation: error.workflowId,
    type: error.type ?? 'Failed',
    message: error.message,
    findings: Array.isArray(details.findings) ? details.findings : [],
    ...(details.placement === undefined ? {} : { placement: details.placement }),
  };
}

/** Passes on what fails, having printed it first where the output is for programs. */
export async function printingFailures<T>(format: Format, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const data = failureData(error);
    if (data && format !== 'table') print(format, data, () => []);
    throw error;
  }
}
