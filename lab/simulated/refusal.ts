/** A simulated host's "no", in libvirt's words. */

/** libvirt's own names of errors that the simulation uses (virErrorNumber of virterror.h), each with what its messages begin with. */
const beginnings = {
  NO_DOMAIN: 'Domain not found: ',
  OPERATION_INVALID: 'Requested operation is not valid: ',
  OPERATION_FAILED: 'operation failed: ',
  OPERATION_ABORTED: 'operation aborted: ',
  OPERATION_DENIED: 'operation forbidden: ',
  OPERATION_TIMEOUT: 'Timed out during operation: ',
  INTERNAL_ERROR: 'internal error: ',
  SYSTEM_ERROR: '',
  RPC: '',
  // Drover's own: libvirt writes any epoch.
  STALE_EPOCH: '',
} as const;

export type RefusalCode = keyof typeof beginnings;

export class Refusal extends Error {
  readonly code: RefusalCode;

  /** @param reason what is particular; the message begins with libvirt's words for the code (virErrorMsg) */
  constructor(code: RefusalCode, reason: string) {
    super(`${beginnings[code]}${reason}`);
    this.name = 'Refusal';
    this.code = code;
  }
}
