/** What a client of Drover has to tell apart. */
import type { FailureType } from '../model/failures.ts';
import type { TemporalTarget } from '../settings/temporal.ts';

/** The operation ended in a failure; `type` is one of the closed list, `details` its reason as data. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';
  readonly workflowId: string;
  readonly type: FailureType | undefined;
  readonly details: unknown;

  constructor(workflowId: string, type: FailureType | undefined, message: string, details: unknown) {
    super(message);
    this.workflowId = workflowId;
    this.type = type;
    this.details = details;
  }
}

/** Somebody asked the operation to end, and it did. */
export class OperationCanceled extends Error {
  override readonly name = 'OperationCanceled';
  readonly workflowId: string;

  constructor(workflowId: string, message: string) {
    super(message);
    this.workflowId = workflowId;
  }
}

/** Somebody terminated the workflow: it ran no clean-up of its own. */
export class OperationTerminated extends Error {
  override readonly name = 'OperationTerminated';

  constructor(workflowId: string) {
    super(`${workflowId} was terminated: look where its VM is before you start another (drover get vms)`);
  }
}

export class OperationNotFound extends Error {
  override readonly name = 'OperationNotFound';

  constructor(workflowId: string) {
    super(`no operation is called ${workflowId}; drover get operations lists them`);
  }
}

export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';

  /** @param trouble what keeps a connection from coming about, where more is known than the cause says */
  constructor(target: TemporalTarget, cause: unknown, trouble?: string) {
    const reason = trouble ?? (cause instanceof Error ? cause.message : String(cause));
    const hint = target.kind === 'embedded' ? 'start it with: drover up' : target.because;
    super(`Temporal at ${target.address} does not answer (${reason}); ${hint}`, { cause });
  }
}

/** Temporal took the question and no worker answered it. */
export class WorkersSilent extends Error {
  override readonly name = 'WorkersSilent';

  constructor(timeoutMs: number) {
    super(`no worker answered within ${timeoutMs / 1000} s: is one running? Start it with: drover up`);
  }
}
