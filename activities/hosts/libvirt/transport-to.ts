/** The way to a daemon that a libvirt URI names. */
import { sshTransport, type SshSettings } from './transport-ssh.ts';
import { tlsTransport } from './transport-tls.ts';
import { tcpTransport, unixTransport, type Transport } from './transport.ts';
import { libvirtTlsFiles, type TlsFiles } from './tls-files.ts';

/** By what this side proves who it is. */
export interface Credentials {
  /** Default: where libvirt's own clients look. */
  readonly tls?: TlsFiles | undefined;
  /** Default: as the user's own ssh does it. */
  readonly ssh?: SshSettings | undefined;
  /** A silent ssh is given up after about so long, in seconds; default 30. */
  readonly keepaliveSeconds?: number;
}

/**
 * `qemu+tls://HOST[:PORT]/system`, `qemu+ssh://[USER@]HOST[:PORT]/system`, `qemu+tcp://HOST[:PORT]/system`,
 * `qemu+unix:///PATH`. A query is not looked at: whoever takes URIs from outside refuses them (`HostUri` of the settings).
 *
 * @throws TypeError for another scheme, or what is no URI
 */
export function transportTo(uri: string, credentials: Credentials = {}): Transport {
  const { protocol, hostname, port: portText, pathname, username } = new URL(uri);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = portText ? { port: Number(portText) } : {};
  switch (protocol) {
    case 'qemu+unix:':
      return unixTransport({ path: pathname });
    case 'qemu+tcp:':
      return tcpTransport({ host, ...port });
    case 'qemu+tls:':
      return tlsTransport({ host, ...port, files: credentials.tls ?? libvirtTlsFiles });
    case 'qemu+ssh:':
      return sshTransport({
        host,
        ...port,
        ...(username ? { user: username } : {}),
        ...(credentials.keepaliveSeconds ? { keepaliveSeconds: credentials.keepaliveSeconds } : {}),
        ...credentials.ssh,
      });
    default:
      throw new TypeError(`${uri}: no way to libvirt is known by the name ${protocol}`);
  }
}
