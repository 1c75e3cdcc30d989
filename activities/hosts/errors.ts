/** The three ways in which asking a host fails; anything else that is thrown is a fault of our own. */

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

/** The host answered a question with something that can't be read; the cause says what came. */
export class HostUnreadable extends Error {
  readonly host: string;

  constructor(host: string, tried: string, cause: unknown) {
    super(`${host} gave an answer that can't be read (${tried}): ${messageOf(cause)}`, { cause });
    this.name = 'HostUnreadable';
    this.host = host;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
