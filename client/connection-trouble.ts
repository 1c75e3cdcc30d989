/**
 * Why no connection to Temporal comes about. gRPC's own answer is a deadline that has passed; so another try looks closely
 * at what each side says of the other.
 */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { isGrpcServiceError } from '@temporalio/client';
import type { TemporalTarget } from '../settings/temporal.ts';

const answerWithinMs = 3000;

/** gRPC's codes for one whom the server knows not, or does not let in. */
const notLetIn: Readonly<Record<number, string>> = { 7: 'PERMISSION_DENIED', 16: 'UNAUTHENTICATED' };

/** What keeps us out of a server that answers: our key, or what it may do; undefined for any other error. */
export function accessTrouble(
  { connectConfig, namespace }: TemporalTarget,
  error: unknown,
): string | undefined {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  const code = isGrpcServiceError(cause) ? notLetIn[cause.code] : undefined;
  if (code === undefined) return undefined;
  const { details } = cause as { readonly details?: string };
  const key =
    connectConfig.apiKey === undefined ? 'none is set' : 'the one that is set is not taken, or not for this';
  return `it does not let us into the namespace ${namespace} (${code}: ${details}): see to the API key (TEMPORAL_API_KEY; ${key}), the client certificate, or its authorizer`;
}

/**
 * A sentence that says what to change; undefined: a connection can be had, or nothing is known.
 * @param error what the try to connect failed with
 */
export async function connectionTrouble(
  target: TemporalTarget,
  error?: unknown,
): Promise<string | undefined> {
  const denied = accessTrouble(target, error);
  if (denied !== undefined) return denied;
  const { connectConfig } = target;
  const at = connectConfig.address.lastIndexOf(':');
  const host = connectConfig.address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(connectConfig.address.slice(at + 1));
  const { tls } = connectConfig;
  if (!tls)
    return (await speaksTls(host, port))
      ? 'it speaks TLS, and none is configured: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH for a CA of your own'
      : undefined;
  const { serverRootCACertificate, clientCertPair, serverNameOverride } = tls === true ? {} : tls;
  const name = serverNameOverride ?? host;
  const trouble = await troubleOfTls({
    host,
    port,
    ...(isIP(name) ? {} : { servername: name }),
    ...(serverRootCACertificate ? { ca: Buffer.from(serverRootCACertificate) } : {}),
    ...(clientCertPair
      ? { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }
      : {}),
  });
  if (!trouble) return undefined;
  const validTo = clientCertPair && endOf(Buffer.from(clientCertPair.crt));
  if (validTo && validTo < new Date() && /ALERT|CLOSED/.test(trouble.code))
    return `our client certificate has expired (${validTo.toISOString()}): have it renewed (TEMPORAL_TLS_CLIENT_CERT_PATH)`;
  return explain(trouble, { name, hasCertificate: clientCertPair !== undefined });
}

/** When a certificate ends; undefined where the bytes are none. */
function endOf(certificate: Buffer): Date | undefined {
  try {
    return new Date(new X509Certificate(certificate).validTo);
  } catch {
    return undefined;
  }
}

interface Trouble {
  readonly code: string;
  readonly message: string;
}

/** A server that wants a client certificate says so only after its own was accepted: its first words are awaited. */
async function troubleOfTls(options: ConnectionOptions): Promise<Trouble | undefined> {
  let socket: Socket | undefined;
  try {
    const opened = connectTls({ ...options, ALPNProtocols: ['h2'] });
    socket = opened;
    const signal = AbortSignal.timeout(answerWithinMs);
    await Promise.race([
      once(opened, 'data', { signal }),
      once(opened, 'end', { signal }).then(() => {
        throw Object.assign(new Error('it closed the connection'), { code: 'CLOSED' });
      }),
    ]);
    return undefined;
  } catch (error) {
    const { code = '', message, name } = error as NodeJS.ErrnoException;
    return name === 'AbortError' ? undefined : { code, message };
  } finally {
    socket?.destroy();
  }
}

/** What kind of certificate it has is no matter. */
async function speaksTls(host: string, port: number): Promise<boolean> {
  const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(answerWithinMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const clientCertificate = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH';

function explain(
  { code, message }: Trouble,
  { name, hasCertificate }: { readonly name: string; readonly hasCertificate: boolean },
): string | undefined {
  if (/^(ECONN(REFUSED|RESET)|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)$/.test(code))
    return code === 'ECONNRESET' ? 'it closed the connection while TLS was agreed on' : undefined;
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE/.test(code))
    return 'its certificate is by a CA that is not trusted here: name that CA’s certificate by TEMPORAL_TLS_SERVER_CA_CERT_PATH';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate, or that of its CA, has expired: have it renewed';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet: compare the clocks';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate is not for ${name}: name what it is for by TEMPORAL_TLS_SERVER_NAME, or use that address`;
  if (/KEY_VALUES_MISMATCH/.test(code))
    return `the key does not belong to the client certificate: see to ${clientCertificate}`;
  if (/ALERT_CERTIFICATE_REQUIRED/.test(code) || (/ALERT_HANDSHAKE_FAILURE/.test(code) && !hasCertificate))
    return `it wants a client certificate, and has got none: name one by ${clientCertificate}`;
  if (/ALERT_CERTIFICATE_EXPIRED/.test(code))
    return 'it takes our client certificate for expired: compare the clocks, or have it renewed';
  if (
    code === 'CLOSED' ||
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_REVOKED|ACCESS_DENIED)/.test(code)
  )
    return hasCertificate
      ? `it does not accept our client certificate, which must be by a CA that the server knows: see to ${clientCertificate}`
      : `it closed the connection; if it wants a client certificate, name one by ${clientCertificate}`;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code))
    return 'it speaks no TLS, and TLS is configured: unset TEMPORAL_TLS and TEMPORAL_API_KEY (a key turns TLS on), or take its TLS port';
  return `TLS: ${message}`;
}
