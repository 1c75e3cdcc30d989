import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { LibvirtConnectionLost } from './errors.ts';

/** libvirtd's port for unencrypted TCP (libvirtd.conf, tcp_port). */
export const defaultTcpPort = 16_509;

/** A way to a libvirt daemon: whatever yields a byte stream in both directions. */
export interface Transport {
  /** What messages call this way, e.g. "10.0.0.11:16509". */
  readonly description: string;
  /** What may be the matter when the host hangs up before its first answer. */
  readonly ifHungUp?: string;
  /**
   * Opens a stream of its own. Rejects with LibvirtConnectionLost if it can't be had, with
   * LibvirtAccessRefused where one side does not accept the other; when `signal` fires it gives
   * up and rejects with the signal's reason.
   */
  open(signal: AbortSignal): Promise<Duplex>;
}

/** Waits until a socket is connected; destroys it if that fails or is given up. */
async function connected(socket: net.Socket, description: string, signal: AbortSignal): Promise<Duplex> {
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    // A socket that fails after it was given up must not raise an unheard 'error'.
    socket.on('error', () => undefined);
    socket.destroy();
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new LibvirtConnectionLost(`${description}: no connection: ${why}`, { cause: error });
  }
}

/**
 * Plain TCP to libvirtd's `listen_tcp` socket (port 16509 unless given): no encryption and no proof of who
 * answers, so for closed networks only.
 */
export function tcpTransport(options: { host: string; port?: number }): Transport {
  const port = options.port ?? defaultTcpPort;
  const description = `${options.host}:${port}`;
  return {
    description,
    ifHungUp: 'is this a TLS port? Then its URI begins with qemu+tls://',
    async open(signal) {
      signal.throwIfAborted();
      return connected(net.connect({ host: options.host, port, noDelay: true }), description, signal);
    },
  };
}

/** A unix socket of this machine, e.g. /run/libvirt/libvirt-sock (or libvirt-sock-ro for reading alone). */
export function unixTransport(options: { path: string }): Transport {
  return {
    description: options.path,
    async open(signal) {
      signal.throwIfAborted();
      return connected(net.connect({ path: options.path }), options.path, signal);
    },
  };
}
