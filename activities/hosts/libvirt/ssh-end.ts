/** Why an `ssh` process ended, from its exit code and its last words. */
import { LibvirtAccessRefused, LibvirtConnectionLost, type AccessReason } from './errors.ts';

/** What the host's shell says where it has neither of the programs. */
export const noHelper = 'neither virt-ssh-helper nor nc is there';

export interface SshEnd {
  /** What messages call it, as `ssh root@host1`. */
  readonly peer: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of its standard error. */
  readonly said: string;
}

/** OpenSSH's own words (`LC_ALL=C`), and those of libvirt's helper; the first that fits counts. */
const refusals: readonly (readonly [RegExp, AccessReason, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    'SSH_HOST_KEY',
    "the host shows another key than the one that is known. It was set up anew, or somebody stands in between: compare it at the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then put it into the known hosts file",
  ],
  [
    /host key is known for|Host key verification failed/,
    'SSH_HOST_KEY',
    "the host's key is unknown here: compare it at the host's own console, then add it to the known hosts file (ssh-keyscan HOST)",
  ],
  [
    /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    'SSH_OWN_KEY',
    'our private key is open to others: chmod go= on it',
  ],
  [
    /no such identity: |Identity file .* not accessible|Load key .*: (?!bad permissions)/,
    'SSH_OWN_KEY',
    "our private key can't be read: name it in the settings (ssh.identityFile), without a passphrase",
  ],
  [
    /Permission denied \(|Too many authentication failures|Your account has expired/,
    'SSH_NOT_ADMITTED',
    "the host does not admit our key: put its public half into the user's authorized_keys there",
  ],
  [
    /Failed to connect socket to .*: Permission denied|libvirt-sock: Permission denied|authentication (unavailable|failed)/,
    'SSH_NOT_ADMITTED',
    'the user may not use libvirt there: make it a member of the group libvirt',
  ],
  [
    new RegExp(noHelper),
    'SSH_NO_HELPER',
    'the host has neither virt-ssh-helper (package libvirt-clients) nor nc (netcat-openbsd), which were tried in this order',
  ],
];

/** What passes by itself, or needs no change of keys. */
const passing: readonly (readonly [RegExp, string])[] = [
  [/Could not resolve hostname/, 'no such host is known here'],
  [
    /Failed to connect socket to|libvirt-sock: (No such file|Connection refused)/,
    'no libvirtd answers there',
  ],
];

export function sshEnd({ peer, exitCode, signal, said }: SshEnd): Error {
  const words = lastLines(said);
  const refusal = refusals.find(([pattern]) => pattern.test(said));
  if (refusal) return new LibvirtAccessRefused(refusal[1], `${peer}: ${refusal[2]} (${words})`);
  const known = passing.find(([pattern]) => pattern.test(said));
  const how = signal ? `ssh was ended by ${signal}` : `ssh ended with exit code ${exitCode}`;
  return new LibvirtConnectionLost(`${known?.[1] ?? how}: ${words || 'it said nothing'}`);
}

/** The last lines that say something; control characters of a host's banner reach no terminal. */
function lastLines(said: string): string {
  return said
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}/gu, '').trim())
    .filter((line) => /\w/.test(line) && !line.startsWith('@'))
    .slice(-3)
    .join('; ');
}
