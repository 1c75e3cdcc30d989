/** What the libvirt client rejects with, in Drover's words. */
import { UnreadableXml } from './definition.ts';
import type { HostCall } from './driver.ts';
import { HostAccessRefused, HostRefused, HostUnreachable, HostUnreadable } from './errors.ts';
import {
  LibvirtAccessRefused,
  LibvirtConnectionLost,
  LibvirtError,
  LibvirtOverloaded,
  LibvirtProtocolError,
  LibvirtTimeout,
} from './libvirt/errors.ts';
import { StaleEpoch } from './libvirt-epoch.ts';
import { classify } from './libvirt-refusals.ts';
import type { Refusal } from './refusal-class.ts';
import type { OnRefusal } from './unknown-refusals.ts';

/** Nothing is known of what the host did, if it did anything. */
const unanswered = [LibvirtConnectionLost, LibvirtTimeout, LibvirtProtocolError, LibvirtOverloaded];

/** A question or an order to a host. */
export interface Asked {
  readonly host: string;
  readonly call: HostCall;
  /** What the host was asked for, as in "host1 refused to ...". */
  readonly tried: string;
  readonly onRefusal?: OnRefusal | undefined;
}

/** Asks a host. What is no answer of a host's, such as a TypeError of our own, stays what it is. */
export async function askLibvirt<T>(asked: Asked, ask: () => Promise<T>): Promise<T> {
  const { host, call, tried } = asked;
  try {
    return await ask();
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) {
      const Kind = error instanceof LibvirtAccessRefused ? HostAccessRefused : HostRefused;
      const refused = new Kind(host, tried, { ...refusal, ...classify(refusal, call) }, error);
      asked.onRefusal?.(refused);
      throw refused;
    }
    if (unanswered.some((kind) => error instanceof kind)) throw new HostUnreachable(host, tried, error);
    if (error instanceof UnreadableXml) throw new HostUnreadable(host, tried, error);
    throw error;
  }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof LibvirtError)
    return { code: error.codeName, domain: error.domainName, text: error.message };
  if (error instanceof LibvirtAccessRefused) return { code: error.reason, text: error.message };
  return error instanceof StaleEpoch ? { code: 'STALE_EPOCH', text: error.message } : undefined;
}
