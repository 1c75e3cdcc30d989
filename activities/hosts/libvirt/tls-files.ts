/** Our side of TLS: the CA that we trust, and the certificate and key by which hosts know us. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { LibvirtAccessRefused } from './errors.ts';

/** Where they lie, each a PEM file. */
export interface TlsFiles {
  /** One CA or more that may have issued a host's certificate. */
  readonly ca: string;
  /** Our certificate; intermediate ones follow it in the same file. */
  readonly cert: string;
  readonly key: string;
}

/** Where libvirt's own clients look (https://libvirt.org/kbase/tlscerts.html). */
export const libvirtTlsFiles: TlsFiles = {
  ca: '/etc/pki/CA/cacert.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
};

/** What the files hold, checked: each is there and can be used now. */
export interface OwnTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly certificate: X509Certificate;
  /** The first of the CAs that is valid now. */
  readonly authority: X509Certificate;
}

const readableByOthers = 0o004;

/**
 * Reads the files anew, so that a renewed certificate counts from the next connection on.
 * @throws LibvirtAccessRefused (`TLS_OWN_CERTIFICATE`) that names the file and what is wrong with it
 */
export async function readOwnTls(files: TlsFiles, now: Date = new Date()): Promise<OwnTls> {
  const [ca, cert, key] = await Promise.all([
    read("the CA's certificate", 'tls.ca', files.ca),
    read('our certificate', 'tls.cert', files.cert),
    read("our certificate's key", 'tls.key', files.key),
  ]);
  await refuseOpenKey(files.key);
  const authority = authorityIn(ca, files.ca, now);
  const certificate = certificateIn(cert, 'our certificate', files.cert);
  refuseOutOfTime(certificate, 'our certificate', files.cert, now);
  if (!certificate.checkPrivateKey(keyIn(key, files.key)))
    throw ownRefused(`the key ${files.key} is not that of our certificate ${files.cert}: they are a pair`);
  return { ca, cert, key, certificate, authority };
}

async function read(what: string, setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : (code ?? String(error));
    throw ownRefused(
      `${what} ${file} can't be read: ${why}. Put it there, or name another (${setting})`,
      error,
    );
  }
}

/** Who reads the key can do to every VM what Drover can. */
async function refuseOpenKey(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & readableByOthers) === 0) return;
  throw ownRefused(
    `the key ${file} is readable by everybody here (mode ${(mode & 0o777).toString(8).padStart(4, '0')}, 0640 at most): chmod o= ${file}`,
  );
}

function certificateIn(pem: Buffer, what: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw ownRefused(`${what} ${file} is no certificate in PEM form`, error);
  }
}

/** While a new CA takes the place of an old one, the file holds both. */
function authorityIn(pem: Buffer, file: string, now: Date): X509Certificate {
  const what = "the CA's certificate";
  const each = pem.toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const all = each.map((one) => certificateIn(Buffer.from(one), what, file));
  const found =
    all.find((one) => outOfTime(one, now) === undefined) ?? all[0] ?? certificateIn(pem, what, file);
  refuseOutOfTime(found, what, file, now);
  return found;
}

function keyIn(pem: Buffer, file: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw ownRefused(`the key ${file} is no private key in PEM form, or is locked by a passphrase`, error);
  }
}

function refuseOutOfTime(certificate: X509Certificate, what: string, file: string, now: Date): void {
  const why = outOfTime(certificate, now);
  if (why) throw ownRefused(`${what} ${file} (${nameOf(certificate.subject)}) ${why}`);
}

/** Says how a certificate is out of its time; undefined: it is valid. */
export function outOfTime(
  { validFromDate, validToDate }: Pick<X509Certificate, 'validFromDate' | 'validToDate'>,
  now: Date,
): string | undefined {
  if (now > validToDate) return `expired at ${utc(validToDate)} (it is ${utc(now)}): renew it`;
  if (now < validFromDate)
    return `is valid only from ${utc(validFromDate)} on (it is ${utc(now)} here): compare the clocks`;
  return undefined;
}

const utc = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** A subject or issuer as libvirt writes it, and as `tls_allowed_dn_list` wants it (RFC 4514: the last part first). */
export function nameOf(lines: string): string {
  return lines.split('\n').filter(Boolean).toReversed().join(',') || 'nameless';
}

function ownRefused(message: string, cause?: unknown): LibvirtAccessRefused {
  return new LibvirtAccessRefused(
    'TLS_OWN_CERTIFICATE',
    message,
    cause === undefined ? undefined : { cause },
  );
}
