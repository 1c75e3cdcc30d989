/** The lab's own CA, and the certificates of its hosts and of Drover, laid out as libvirt looks for them. */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { issue, makeAuthority, type CertificateFiles } from './certificates.ts';
import type { HostConfig } from './config.ts';
import type { LabContext } from './context.ts';

/** Whom hosts let in (libvirtd.conf, tls_allowed_dn_list): Drover, and each other. */
export const allowedNames = ({ config }: LabContext): string[] =>
  [droverName, ...config.hosts.map(({ name }) => name)].map((name) => `CN=${name}`);

const droverName = 'drover';

/** Where the certificate that a host answers with lies, and its key: a proxy of a test answers with it too. */
export const hostCertificate = ({ paths }: LabContext, host: string): CertificateFiles => ({
  certificate: join(paths.hostPki(host), 'libvirt', 'servercert.pem'),
  key: join(paths.hostPki(host), 'libvirt', 'private', 'serverkey.pem'),
});

/** Drover's files, which virsh takes too, by their folder (`?pkipath=`). */
export const droverTlsFiles = ({ paths }: LabContext) => ({
  ca: join(paths.droverPki, 'cacert.pem'),
  cert: join(paths.droverPki, 'clientcert.pem'),
  key: join(paths.droverPki, 'clientkey.pem'),
});

/** Makes what is missing; certificates stay for the life of the lab. */
export async function ensurePki(context: LabContext): Promise<void> {
  const { config, paths } = context;
  if (existsSync(paths.pki)) return;
  // Whole or not at all: the folder gets its name when all is in it.
  const made = `${paths.pki}.new`;
  rmSync(made, { recursive: true, force: true });
  const place = (path: string) => join(made, path.slice(paths.pki.length));
  const authority = await makeAuthority(join(made, 'ca'), `CA of lab ${config.name}`);
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(place(to)), { recursive: true, mode: 0o700 });
    copyFileSync(from, place(to));
  };
  const drover = await issue(authority, join(made, 'issued', droverName), { name: droverName });
  const files = droverTlsFiles(context);
  put(authority.certificate, files.ca);
  put(drover.certificate, files.cert);
  put(drover.key, files.key);
  for (const host of config.hosts) {
    const issued = await issue(authority, join(made, 'issued', host.name), {
      name: host.name,
      alternatives: namesOf(context, host),
    });
    const folder = paths.hostPki(host.name);
    const { certificate, key } = hostCertificate(context, host.name);
    put(authority.certificate, join(folder, 'CA', 'cacert.pem'));
    put(issued.certificate, certificate);
    put(issued.key, key);
    // By the same name it calls other hosts, when a VM moves.
    put(issued.certificate, join(folder, 'libvirt', 'clientcert.pem'));
    put(issued.key, join(folder, 'libvirt', 'private', 'clientkey.pem'));
  }
  rmSync(join(made, 'issued'), { recursive: true });
  renameSync(made, paths.pki);
}

/** How a host is called; 127.0.0.1 and the management address, because tests put a proxy there that answers for it. */
function namesOf({ config }: LabContext, host: HostConfig): string[] {
  const management = config.datacenters
    .filter(({ name }) => name === host.datacenter)
    .map(({ lan }) => lan.management);
  return [
    `DNS:${host.name}`,
    ...[host.address, '127.0.0.1', ...management].map((address) => `IP:${address}`),
  ];
}
