/** A real sshd on a host of the lab, among the host's own files and on its own address, with keys of the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { waitFor } from '../../../demo/traffic.ts';
import type { LabHost } from '../../../lab/lab.ts';

/** Makes a key pair. @returns the private half; the public one has `.pub` at its end */
export async function makeKey(file: string): Promise<string> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'drover-test', '-f', file]);
  return file;
}

export interface SshServerOptions {
  readonly port: number;
  /** Whose public half is let in. */
  readonly clientKey: string;
  /** The programs that its users find, by name; default: all of the machine. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The one command that the key may start, whatever it asks for (authorized_keys, `command=`). */
  readonly onlyCommand?: string;
}

export class SshServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly host: LabHost;
  readonly port: number;
  /** A file with this server's key alone. */
  readonly knownHosts: string;

  private constructor(process: ChildProcess, host: LabHost, port: number, knownHosts: string) {
    this.#process = process;
    this.host = host;
    this.port = port;
    this.knownHosts = knownHosts;
  }

  static async on(host: LabHost, folder: string, options: SshServerOptions): Promise<SshServer> {
    const { port, clientKey, programs, onlyCommand } = options;
    const own = mkdtempSync(join(folder, 'sshd-'));
    const hostKey = await makeKey(join(own, 'host-key'));
    const settings = join(own, 'sshd_config');
    const admitted = join(own, 'authorized_keys');
    const limits = onlyCommand === undefined ? '' : `restrict,command="${onlyCommand}" `;
    writeFileSync(admitted, limits + readFileSync(`${clientKey}.pub`, 'utf8'));
    writeFileSync(
      settings,
      [
        `ListenAddress ${host.address}:${port}`,
        `HostKey ${hostKey}`,
        `AuthorizedKeysFile ${admitted}`,
        'AuthenticationMethods publickey',
        'PermitRootLogin prohibit-password',
        'StrictModes no',
        'UsePAM no',
        `PidFile ${join(own, 'pid')}`,
        ...(programs ? [`SetEnv PATH=${folderOf(own, programs)}`] : []),
        '',
      ].join('\n'),
    );
    // Where sshd shuts itself in; the host has a /run of its own.
    mkdirSync(join(dirname(host.socket), '../sshd'), { recursive: true, mode: 0o755 });
    const libvirtd = readFileSync(join(dirname(host.socket), 'libvirtd.pid'), 'utf8').trim();
    const inHost = ['--target', libvirtd, '--mount', '--net', '--uts', '--'];
    const process = spawn('nsenter', [...inHost, '/usr/sbin/sshd', '-D', '-e', '-f', settings], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    process.stderr.on('data', (data: Buffer) => void said.push(data.toString()));
    await waitFor('sshd', 20, async () => {
      if (process.exitCode !== null) throw new Error(`sshd ended: ${said.join('')}`);
      return (await listens(host.address, port)) ? true : undefined;
    });
    const [kind, key] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ');
    const knownHosts = join(own, 'known_hosts');
    writeFileSync(knownHosts, `[${host.address}]:${port} ${kind} ${key}\n`);
    return new SshServer(process, host, port, knownHosts);
  }

  uri(user = 'root'): string {
    return `qemu+ssh://${user}@${this.host.address}:${this.port}/system`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}

function folderOf(own: string, programs: Readonly<Record<string, string>>): string {
  const folder = join(own, 'bin');
  mkdirSync(folder);
  for (const [name, program] of Object.entries(programs)) symlinkSync(program, join(folder, name));
  return folder;
}

async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
