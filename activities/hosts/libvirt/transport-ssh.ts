/** ssh, as libvirt's `qemu+ssh://`: the system's own `ssh` runs a program on the host that joins it to libvirt. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LibvirtAccessRefused } from './errors.ts';
import { noHelper } from './ssh-end.ts';
import { SshStream } from './ssh-stream.ts';
import type { Transport } from './transport.ts';

/** How ssh is started; what is not said is as in the user's own ssh_config. */
export interface SshSettings {
  /** The private key, and none beside it. */
  readonly identityFile?: string | undefined;
  /** The file with the keys of the hosts, and none beside it. */
  readonly knownHosts?: string | undefined;
}

/** A host that is reached by ssh. */
export interface SshTarget extends SshSettings {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** A silent connection is given up after about so long, in seconds; default 30. */
  readonly keepaliveSeconds?: number;
}

const connectSeconds = 10;
const daemonSocket = '/var/run/libvirt/libvirt-sock';

/**
 * Fixed text, since a shell of the host reads it. `sh -c`, because the user's own shell may be another kind. nc must
 * end with us (-N), else it holds a connection of libvirtd that nobody reads.
 */
const onTheHost = [
  'command -v virt-ssh-helper >/dev/null 2>&1 && exec virt-ssh-helper qemu:///system',
  `command -v nc >/dev/null 2>&1 || { echo "${noHelper}" >&2; exit 127; }`,
  `case "$(nc -h 2>&1)" in *-N*) exec nc -N -U ${daemonSocket};; *) exec nc -U ${daemonSocket};; esac`,
].join('; ');

/** The arguments of `ssh`; none of them is read by a shell here. */
export function sshArguments(target: SshTarget): string[] {
  const { host, port, user, identityFile, knownHosts } = target;
  // Options on the command line come before those of ssh_config.
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    ConnectTimeout: connectSeconds,
    ServerAliveInterval: Math.max(1, Math.ceil((target.keepaliveSeconds ?? 30) / 4)),
    ServerAliveCountMax: 3,
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    PermitLocalCommand: 'no',
    ...(identityFile === undefined ? {} : { IdentityFile: quoted(identityFile), IdentitiesOnly: 'yes' }),
    ...(knownHosts === undefined
      ? {}
      : { UserKnownHostsFile: quoted(knownHosts), GlobalKnownHostsFile: '/dev/null' }),
  };
  return [
    '-T',
    '-e',
    'none',
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    '--',
    host,
    `sh -c '${onTheHost}'`,
  ];
}

/** ssh splits an option's value at spaces, and knows %-signs. */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

/**
 * A host by the system's `ssh`, without a shell on this side, a password or a question: `virt-ssh-helper` runs there,
 * or `nc` where that is missing. The process ends with the stream.
 *
 * What ssh has against it comes as the stream's error: LibvirtAccessRefused, or LibvirtConnectionLost for what passes.
 */
export function sshTransport(target: SshTarget): Transport {
  const at = `${target.user === undefined ? '' : `${target.user}@`}${target.host}`;
  const description = `ssh ${at}${target.port === undefined ? '' : `:${target.port}`}`;
  return {
    description,
    async open(signal) {
      signal.throwIfAborted();
      const child = spawn('ssh', sshArguments(target), {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: sshEnvironment(),
      });
      try {
        await once(child, 'spawn');
      } catch (error) {
        throw new LibvirtAccessRefused(
          'SSH_OWN_KEY',
          `${description}: the program ssh can't be started here (${(error as NodeJS.ErrnoException).code ?? String(error)}): install openssh-client`,
          { cause: error },
        );
      }
      return new SshStream(child, description);
    },
  };
}

/** Nothing of the worker's own secrets; messages in English, since they are read. */
function sshEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SSH_AUTH_SOCK'] as const;
  return {
    ...Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    LC_ALL: 'C',
  };
}
