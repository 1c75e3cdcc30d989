import { errorCodeName, errorDomainName } from './error-codes.ts';

/**
 * libvirt's own refusal: the host got the call and answered with an error.
 *
 * `message` is libvirt's text as virsh prints it after "error: ". Decide by `code` (see `ErrorCode`),
 * never by the text. Fields are those of `virError` in libvirt's virterror.h.
 */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  /** virErrorNumber, e.g. 42. */
  readonly code: number;
  /** libvirt's name of the code without VIR_ERR_, e.g. `NO_DOMAIN`; `unknown (999)` for one we don't know. */
  readonly codeName: string;
  /** virErrorDomain: which part of libvirt speaks, e.g. 10. */
  readonly domain: number;
  /** libvirt's name of that part without VIR_FROM_, e.g. `QEMU`. */
  readonly domainName: string;
  /** 1 a warning, 2 an error. */
  readonly level: number;
  /** The call that was refused, e.g. `DOMAIN_GET_STATE`. */
  readonly procedure: string;
  /** The extra strings (str1 to str3) that came with it. */
  readonly details: readonly string[];

  constructor(facts: {
    code: number;
    domain: number;
    level: number;
    message: string;
    procedure: string;
    details?: readonly string[];
  }) {
    super(facts.message);
    this.code = facts.code;
    this.codeName = errorCodeName(facts.code);
    this.domain = facts.domain;
    this.domainName = errorDomainName(facts.domain);
    this.level = facts.level;
    this.procedure = facts.procedure;
    this.details = facts.details ?? [];
  }
}

/** What is known of a call that ended without an answer. */
interface UnansweredCall {
  readonly procedure: string;
  /** Whether the call had been handed to the connection. If not, it can't have taken effect. */
  readonly sent: boolean;
}

/**
 * The connection ended, or could not be opened.
 *
 * A call that was sent may have taken effect all the same (`sent`): look before you act again.
 */
export class LibvirtConnectionLost extends Error {
  override readonly name = 'LibvirtConnectionLost';
  /** The call that this ended; undefined for the connection itself. */
  readonly procedure: string | undefined;
  /** False when the call can't have taken effect, because it never left. */
  readonly sent: boolean;

  constructor(message: string, options: { call?: UnansweredCall; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.procedure = options.call?.procedure;
    this.sent = options.call?.sent ?? false;
  }
}

/** A call's deadline passed. If it was sent, it may still take effect later: its answer will be ignored. */
export class LibvirtTimeout extends Error {
  override readonly name = 'LibvirtTimeout';
  /** The call, e.g. `DOMAIN_GET_STATE`; `CONNECT_OPEN` also for the opening as a whole. */
  readonly procedure: string;
  /** The bound that passed, in milliseconds. */
  readonly timeoutMs: number;
  /** False when the call can't have taken effect, because it never left. */
  readonly sent: boolean;

  constructor(facts: UnansweredCall & { timeoutMs: number; message: string; cause?: unknown }) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.procedure = facts.procedure;
    this.timeoutMs = facts.timeoutMs;
    this.sent = facts.sent;
  }
}

/** What came is not libvirt's RPC protocol. The message says what came and where. */
export class LibvirtProtocolError extends Error {
  override readonly name = 'LibvirtProtocolError';
}

/** Too much already waits on this connection; the call was not sent and can't have taken effect. */
export class LibvirtOverloaded extends Error {
  override readonly name = 'LibvirtOverloaded';
}

/** Why a way to a daemon is closed, and so who has to change something: this side, or the host's. */
export const accessReasons = {
  TLS_HOST_CERTIFICATE:
    "the host's certificate is for another name, out of its time, or of a CA that is not ours",
  TLS_OWN_CERTIFICATE:
    'our certificate, key or CA is missing, open to everybody, out of its time, or does not fit',
  TLS_NOT_ADMITTED: 'the host does not admit our certificate',
  TLS_NOT_SPOKEN: 'what answers does not speak TLS',
  SSH_HOST_KEY: "the host's key is unknown here, or is not the one that is known",
  SSH_OWN_KEY: "our own key, or the ssh program, is missing or can't be used",
  SSH_NOT_ADMITTED: 'the host does not admit our key, or the user may not use libvirt there',
  SSH_NO_HELPER: 'the host has no program that joins ssh to libvirt',
} as const;

export type AccessReason = keyof typeof accessReasons;

/**
 * One side does not accept the other: nothing was asked yet, and nothing will be answered until somebody changes a
 * certificate, a key or a setting. The message says which.
 */
export class LibvirtAccessRefused extends Error {
  override readonly name = 'LibvirtAccessRefused';
  readonly reason: AccessReason;

  constructor(reason: AccessReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The refusal of access that stands behind a connection's end, if one does. */
export function accessRefusalBehind(error: unknown): LibvirtAccessRefused | undefined {
  for (let behind = error; behind instanceof Error; behind = behind.cause)
    if (behind instanceof LibvirtAccessRefused) return behind;
  return undefined;
}
