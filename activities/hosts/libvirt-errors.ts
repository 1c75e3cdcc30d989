/** What the libvirt client rejects with, in Drover's words. */
import { UnreadableXml } from './definition.ts';
import { HostRefused, HostUnreachable, HostUnreadable } from './errors.ts';
import {
  LibvirtConnectionLost,
  LibvirtError,
  LibvirtOverloaded,
  LibvirtProtocolError,
  LibvirtTimeout,
} from './libvirt/errors.ts';

/** Nothing is known of what the host did, if it did anything. */
const unanswered = [LibvirtConnectionLost, LibvirtTimeout, LibvirtProtocolError, LibvirtOverloaded];

/**
 * Asks a host. What is no answer of a host's, such as a TypeError of our own, stays what it is.
 * @param tried what the host was asked for, as in "host1 refused to ..."
 */
export async function askLibvirt<T>(host: string, tried: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof LibvirtError) throw new HostRefused(host, tried, error.codeName, error);
    if (unanswered.some((kind) => error instanceof kind)) throw new HostUnreachable(host, tried, error);
    if (error instanceof UnreadableXml) throw new HostUnreadable(host, tried, error);
    throw error;
  }
}
