/** A simulated host's "no", in libvirt's words. */

/** libvirt's own names of errors that the simulation uses (virErrorNumber of virterror.h). */
export type RefusalCode =
  | 'NO_DOMAIN'
  | 'OPERATION_INVALID'
  | 'OPERATION_FAILED'
  | 'OPERATION_ABORTED'
  | 'INTERNAL_ERROR'
  | 'SYSTEM_ERROR'
  | 'RPC';

export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}
