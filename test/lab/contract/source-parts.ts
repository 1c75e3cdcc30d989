/** Parts of VMs that only the source has: a bridge, and a disk served on its loopback. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { LabHost } from '../../../lab/lab.ts';
import { listensInside } from '../../../lab/ports.ts';
import { waitFor } from '../../../lab/wait.ts';

export const onlyAtTheSource = { bridge: 'brcontract', nbdPort: 10_899 } as const;

/** Makes them on a host of the lab; they are gone with the answer's disposal. */
export class SourceParts implements AsyncDisposable {
  readonly #namespace: string;
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(namespace: string, folder: string, server: ChildProcess) {
    this.#namespace = namespace;
    this.#folder = folder;
    this.#server = server;
  }

  static async on({ namespace }: LabHost): Promise<SourceParts> {
    const { bridge, nbdPort } = onlyAtTheSource;
    const folder = mkdtempSync(join(tmpdir(), 'contract-'));
    const image = join(folder, 'disk.raw');
    writeFileSync(image, Buffer.alloc(1_048_576));
    // What an earlier run that was killed may have left.
    await execa('ip', ['-n', namespace, 'link', 'delete', bridge], { reject: false });
    await execa('ip', ['-n', namespace, 'link', 'add', bridge, 'type', 'bridge']);
    const args = [
      '-b',
      '127.0.0.1',
      '-p',
      `${nbdPort}`,
      '-x',
      'contract',
      '-f',
      'raw',
      '-e',
      '8',
      '-t',
      image,
    ];
    const server = spawn('ip', ['netns', 'exec', namespace, 'qemu-nbd', ...args], { stdio: 'inherit' });
    await waitFor('the NBD server', 10, async () =>
      (await listensInside(namespace, nbdPort)) ? { value: true } : { seen: 'its port is closed' },
    );
    return new SourceParts(namespace, folder, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode === null) {
      const ended = once(this.#server, 'exit');
      this.#server.kill('SIGTERM');
      await ended;
    }
    await execa('ip', ['-n', this.#namespace, 'link', 'delete', onlyAtTheSource.bridge], { reject: false });
    rmSync(this.#folder, { recursive: true });
  }
}
