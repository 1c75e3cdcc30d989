/** Certificates by the openssl program: a CA, and what it issues. Keys are files that only their owner reads. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** A certificate and its key, as files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Whose certificate it is. */
export interface Wanted {
  /** The common name: `CN=...` is the whole subject, and so what stands on a `tls_allowed_dn_list`. */
  readonly name: string;
  /** Names and addresses by which it may be called: `DNS:host1`, `IP:10.77.0.11`. */
  readonly alternatives?: readonly string[];
}

/** Beyond the life of any lab. */
const days = '3650';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes a CA of its own in a folder. @throws ExecaError with openssl's words */
export async function makeAuthority(folder: string, name: string): Promise<CertificateFiles> {
  const files = filesIn(folder);
  await request(files, { name }, [
    '-addext',
    'basicConstraints=critical,CA:true',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]);
  return files;
}

/**
 * Issues a certificate with which one may both answer and call, as libvirtd does among hosts (GnuTLS looks at the key
 * usage, and at the extended one). @throws ExecaError with openssl's words
 */
export async function issue(
  authority: CertificateFiles,
  folder: string,
  wanted: Wanted,
): Promise<CertificateFiles> {
  const files = filesIn(folder);
  await request(files, wanted, [
    '-CA',
    authority.certificate,
    '-CAkey',
    authority.key,
    ...extensionsOf(wanted).flatMap((extension) => ['-addext', extension]),
  ]);
  return files;
}

/** What makes a certificate that of a host or a client of libvirt. */
export function extensionsOf({ alternatives = [] }: Wanted): string[] {
  return [
    'basicConstraints=critical,CA:false',
    'keyUsage=critical,digitalSignature,keyEncipherment',
    'extendedKeyUsage=serverAuth,clientAuth',
    ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
  ];
}

async function request(files: CertificateFiles, { name }: Wanted, more: readonly string[]): Promise<void> {
  const out = ['-keyout', files.key, '-out', files.certificate];
  await execa('openssl', ['req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-days', days, ...out, ...more]);
  chmodSync(files.key, 0o600);
}

function filesIn(folder: string): CertificateFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
}
