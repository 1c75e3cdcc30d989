/**
 * Stands between a caller and a host and reads what passes: to the caller it is the host, with the host's certificate
 * where the lab runs on TLS; to the host it is Drover.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { transportTo } from '../../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../../lab/lab.ts';

/** What libvirtd says to whom it admits, once the TLS handshake is done. */
const admitted = Buffer.of(1);

export interface StandInOptions {
  /** Both ways are open. */
  readonly onPair: (caller: Duplex, host: Duplex) => void;
  /** Whoever calls now gets no answer; his connection is handed over, to be ended at its time. */
  readonly isSilent: () => boolean;
  readonly onUnanswered: (caller: Duplex) => void;
}

/** A server that is not listening yet. */
export function standInFor(host: LabHost, { onPair, isSilent, onUnanswered }: StandInOptions): Server {
  const isTls = new URL(host.uri).protocol === 'qemu+tls:';
  const join = async (caller: Duplex): Promise<void> => {
    const opening = new AbortController();
    const giveUp = (): void => opening.abort();
    caller.once('close', giveUp);
    try {
      const other = await transportTo(host.uri, host).open(opening.signal);
      caller.off('close', giveUp);
      other.on('error', () => undefined);
      onPair(caller, other);
    } catch {
      caller.destroy();
    }
  };
  const take = (caller: Duplex): void => {
    // What an end of a connection means is for those who use the other end.
    caller.on('error', () => undefined);
    if (isSilent()) {
      onUnanswered(caller);
      return;
    }
    if (isTls) caller.write(admitted);
    void join(caller);
  };
  if (!isTls) return createServer({ noDelay: true }, take);
  return createTlsServer(
    {
      cert: readFileSync(host.certificate.certificate),
      key: readFileSync(host.certificate.key),
      ca: readFileSync(host.tls.ca),
      requestCert: true,
      rejectUnauthorized: true,
      noDelay: true,
    },
    take,
  ).on('tlsClientError', () => undefined);
}

/** How one calls a stand-in that listens there. */
export function uriAt({ uri }: LabHost, address: string, port: number): string {
  return `${new URL(uri).protocol}//${address}:${port}/system`;
}
