/** The three ways in which asking a host fails; anything else that is thrown is a fault of our own. */
import type { Classified, Refusal, RefusalClass } from './refusal-class.ts';

/** The host did not answer, or the connection was lost: nothing is known of what it did. */
export class HostUnreachable extends Error {
  readonly host: string;
  readonly class: RefusalClass = 'look';

  constructor(host: string, tried: string, cause: unknown) {
    super(`${host} does not answer (${tried}): ${messageOf(cause)}`, { cause });
    this.name = 'HostUnreachable';
    this.host = host;
  }
}

/** The host answered, and refused. Decide by `class`; the rest is for people. */
export class HostRefused extends Error {
  readonly host: string;
  readonly class: RefusalClass;
  /** The rule that found the class; undefined: none knows this refusal. */
  readonly rule: string | undefined;
  /** The hypervisor's own name for the reason. */
  readonly code: string;
  /** The part of the hypervisor that speaks. */
  readonly domain: string | undefined;
  /** The hypervisor's own words, without who refused what. */
  readonly text: string;

  constructor(host: string, tried: string, refusal: Refusal & Classified, cause: unknown) {
    super(`${host} refused to ${tried}: ${refusal.text}`, { cause });
    this.name = 'HostRefused';
    this.host = host;
    this.class = refusal.class;
    this.rule = refusal.rule;
    this.code = refusal.code;
    this.domain = refusal.domain;
    this.text = refusal.text;
  }
}

/** No session could be had, because one side does not accept the other: a certificate, a key or a setting has to change. */
export class HostAccessRefused extends HostRefused {
  constructor(host: string, tried: string, refusal: Refusal & Classified, cause: unknown) {
    super(host, tried, refusal, cause);
    this.name = 'HostAccessRefused';
    this.message = `no access to ${host} (${tried}): ${refusal.text}`;
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
