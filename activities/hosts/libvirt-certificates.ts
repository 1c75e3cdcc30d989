/** Certificates of a connection by TLS, read without asking libvirt for anything. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { CertificateFacts } from './examiner.ts';
import { LibvirtConnectionLost } from './libvirt/errors.ts';
import { libvirtTlsFiles, nameOf, readOwnTls } from './libvirt/tls-files.ts';
import type { Credentials } from './libvirt/transport-to.ts';
import { defaultTlsPort } from './libvirt/transport-tls.ts';

const timeoutMs = 10_000;

/**
 * @returns none where the URI is not one of TLS
 * @throws LibvirtAccessRefused where our own files can't be used; LibvirtConnectionLost
 */
export async function certificatesOf(uri: string, { tls }: Credentials): Promise<CertificateFacts[]> {
  const { protocol, hostname, port } = new URL(uri);
  if (protocol !== 'qemu+tls:') return [];
  const files = tls ?? libvirtTlsFiles;
  const own = await readOwnTls(files);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: port ? Number(port) : defaultTlsPort,
    ...(isIP(host) ? {} : { servername: host }),
    ca: own.ca,
    cert: own.cert,
    key: own.key,
    // Whether it is accepted is told by the check of the connection; here it is read, valid or not.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    const shown = socket.getPeerX509Certificate();
    return [
      ...(shown
        ? [{ what: "the host's certificate", name: nameOf(shown.subject), expires: shown.validToDate }]
        : []),
      { what: "Drover's own certificate", name: files.cert, expires: own.certificate.validToDate },
      { what: "the CA's certificate", name: files.ca, expires: own.authority.validToDate },
    ];
  } catch (error) {
    throw new LibvirtConnectionLost(`${host}: no TLS connection: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
