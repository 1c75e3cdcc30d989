/** TLS with certificates of both sides, as libvirt's `qemu+tls://`. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { LibvirtAccessRefused, LibvirtConnectionLost } from './errors.ts';
import { nameOf, readOwnTls, type OwnTls, type TlsFiles } from './tls-files.ts';
import { hostCertificateRefused } from './tls-host-certificate.ts';
import type { Transport } from './transport.ts';

/** libvirtd's port for TLS (libvirtd.conf, tls_port). */
export const defaultTlsPort = 16_514;

/** The host hung up where libvirtd hangs up on whom it does not admit; it may also have died at this moment. */
class HungUp extends Error {
  readonly when: 'handshake' | 'admission';

  constructor(when: HungUp['when'], cause?: unknown) {
    super(`closed the connection (${when})`, { cause });
    this.when = when;
  }
}

/**
 * TLS to libvirtd's `listen_tls` socket (port 16514 unless given). The host's certificate must be of our CA and for
 * `host`; ours must be of its CA and on its `tls_allowed_dn_list`. The files are read anew at each opening.
 *
 * `open` rejects with LibvirtAccessRefused where one side does not accept the other.
 */
export function tlsTransport(options: { host: string; port?: number; files: TlsFiles }): Transport {
  const { host, files } = options;
  const port = options.port ?? defaultTlsPort;
  const description = `${host}:${port}`;
  return {
    description,
    async open(signal) {
      signal.throwIfAborted();
      const own = await readOwnTls(files);
      const dial = (): Promise<Duplex> => dialHost({ host, port, files, own, signal });
      try {
        // A host that does not admit us and one that dies just now look the same; the second does not answer again.
        return await dial().catch((error: unknown) => {
          if (error instanceof HungUp) return dial();
          throw error;
        });
      } catch (error) {
        throw error instanceof HungUp ? refusedBy(description, error, own) : error;
      }
    },
  };
}

interface Dialing {
  readonly host: string;
  readonly port: number;
  readonly files: TlsFiles;
  readonly own: OwnTls;
  readonly signal: AbortSignal;
}

async function dialHost({ host, port, files, own, signal }: Dialing): Promise<Duplex> {
  const socket = connect({
    host,
    port,
    ...(isIP(host) ? {} : { servername: host }),
    ca: own.ca,
    cert: own.cert,
    key: own.key,
    minVersion: 'TLSv1.2',
    // What Node found stands in `authorized` and is looked at before a byte is sent. By itself it would end the
    // connection before the certificate can be read, of which the message is made.
    rejectUnauthorized: false,
  });
  socket.setNoDelay(true);
  try {
    await once(socket, 'secureConnect', { signal }).catch((error: unknown) => {
      throw signal.aborted ? error : whyNoHandshake(`${host}:${port}`, error as NodeJS.ErrnoException);
    });
    if (!socket.authorized)
      throw hostCertificateRefused({
        peer: `${host}:${port}`,
        host,
        why: String(socket.authorizationError),
        shown: socket.getPeerX509Certificate(),
        ca: { file: files.ca, certificate: own.authority },
        now: new Date(),
      });
    if ((await firstByte(socket, signal)) !== admitted) throw new HungUp('admission');
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

/** What libvirtd says once it has looked at our certificate (virNetServerClientDispatchHandshake); else it hangs up. */
const admitted = 1;

async function firstByte(socket: TLSSocket, signal: AbortSignal): Promise<number | undefined> {
  const found = Promise.withResolvers<number | undefined>();
  const look = (): void => {
    const byte = socket.read(1) as Buffer | null;
    if (byte) found.resolve(byte[0]);
  };
  const end = (): void => found.resolve(undefined);
  // With TLS 1.3 an alert about our certificate comes only now.
  const fail = (error: Error): void => found.reject(new HungUp('admission', error));
  const giveUp = (): void => found.reject(signal.reason as Error);
  socket.on('readable', look).on('end', end).on('close', end).on('error', fail);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await found.promise;
  } finally {
    socket.off('readable', look).off('end', end).off('close', end).off('error', fail);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Codes of connections that did not even begin: nothing is wrong with anybody's certificate. */
const notReached =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN|EPIPE)$/;
/** What OpenSSL says of bytes that are no TLS. */
const noTls =
  /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|UNEXPECTED_MESSAGE|HTTP_REQUEST/;

function whyNoHandshake(peer: string, error: NodeJS.ErrnoException): Error {
  const { code = '', message } = error;
  if (notReached.test(code))
    return new LibvirtConnectionLost(`${peer}: no connection: ${message}`, { cause: error });
  if (noTls.test(code))
    return new LibvirtAccessRefused('TLS_NOT_SPOKEN', `${peer} answered, but not in TLS: ${seePort}`, {
      cause: error,
    });
  if (/ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code)) return new HungUp('admission', error);
  if (code === 'ECONNRESET') return new HungUp('handshake', error);
  return new LibvirtConnectionLost(`${peer}: no TLS connection: ${message}`, { cause: error });
}

const seePort =
  'is the port that of TLS (libvirtd.conf: listen_tls, tls_port 16514), and libvirtd set up for it?';

function refusedBy(peer: string, { when, cause }: HungUp, { certificate }: OwnTls): LibvirtAccessRefused {
  if (when === 'handshake')
    return new LibvirtAccessRefused(
      'TLS_NOT_SPOKEN',
      `${peer} closed the connection in the TLS handshake, twice: ${seePort}`,
      { cause },
    );
  return new LibvirtAccessRefused(
    'TLS_NOT_ADMITTED',
    `${peer} does not admit our certificate (${nameOf(certificate.subject)}, issued by ${nameOf(certificate.issuer)}): ` +
      "its name must be on the host's tls_allowed_dn_list (libvirtd.conf), its issuer in the host's CA file; libvirtd's log says which",
    { cause },
  );
}
