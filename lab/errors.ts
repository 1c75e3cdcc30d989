/** What the lab says when it can't go on: what was tried, what is in the way, what to do. Printed without a stack. */
export class LabError extends Error {
  override name = 'LabError';
}

/** The caller named something that doesn't exist, or asked in a wrong way. */
export class LabUsageError extends LabError {
  override name = 'LabUsageError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
