/** The two ways in which asking a host fails. */

/** The host did not answer, or the connection was lost: nothing is known of what it did. */
export class HostUnreachable extends Error {
  readonly host: string;

  constructor(host: string, tried: string, cause: unknown) {
    super(`${host} does not answer (${tried}): ${messageOf(cause)}`, { cause });
    this.name = 'HostUnreachable';
    this.host = host;
  }
}

/** The host answered, and refused; `code` is the hypervisor's own name for the reason. */
export class HostRefused extends Error {
  readonly host: string;
  readonly code: string;

  constructor(host: string, tried: string, code: string, cause: unknown) {
    super(`${host} refused to ${tried}: ${messageOf(cause)}`, { cause });
    this.name = 'HostRefused';
    this.host = host;
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
