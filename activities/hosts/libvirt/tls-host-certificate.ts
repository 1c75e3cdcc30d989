/** What is wrong with the certificate that a host shows, in words that say what to do. */
import type { X509Certificate } from 'node:crypto';
import { LibvirtAccessRefused } from './errors.ts';
import { nameOf, outOfTime } from './tls-files.ts';

/** A certificate that was not accepted, and by what it was measured. */
export interface RefusedCertificate {
  /** Who showed it, as `10.0.0.11:16514`. */
  readonly peer: string;
  /** The name or address by which the host was called. */
  readonly host: string;
  /** OpenSSL's or Node's own code, such as `CERT_HAS_EXPIRED`. */
  readonly why: string;
  readonly shown: X509Certificate | undefined;
  readonly ca: { readonly file: string; readonly certificate: X509Certificate };
  readonly now: Date;
}

/** Codes of a chain that does not end in our CA (openssl-verification-options(1)). */
const foreign: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
];

export function hostCertificateRefused(refused: RefusedCertificate): LibvirtAccessRefused {
  return new LibvirtAccessRefused('TLS_HOST_CERTIFICATE', `${refused.peer} ${wordsFor(refused)}`);
}

function wordsFor({ host, why, shown, ca, now }: RefusedCertificate): string {
  if (!shown) return `shows no certificate (${why})`;
  const subject = `shows a certificate (${nameOf(shown.subject)}) that`;
  const late = outOfTime(shown, now);
  // First: by OpenSSL's order a foreign certificate that has also expired is a foreign one.
  if (foreign.includes(why))
    return `${subject} was issued by ${nameOf(shown.issuer)}, not by the CA in ${ca.file} (${nameOf(ca.certificate.subject)}): give the host one of that CA, or add its CA to the file`;
  if (late) return `${subject} ${late}`;
  if (why === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${subject} is for ${shown.subjectAltName ?? nameOf(shown.subject)}, not for ${host}: call the host by a name of its certificate, or give it one with that name among its subjectAltNames`;
  if (why === 'INVALID_PURPOSE')
    return `${subject} may not be a server's: its extended key usage must name serverAuth`;
  return `${subject} is not accepted (${why})`;
}
