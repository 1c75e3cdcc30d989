/** virsh, the oracle: the same facts by libvirt's own client. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { LabHost } from './lab-hosts.ts';

const run = promisify(execFile);
const env = { ...process.env, LC_ALL: 'C' };

/** What virsh prints, without the blank line at its end. */
export async function virsh(host: LabHost, ...args: string[]): Promise<string> {
  const { stdout } = await run('virsh', ['-c', host.virshUri, ...args], { env, maxBuffer: 64 * 1_048_576 });
  return stdout.replace(/\n\n?$/, '');
}

/** What virsh says when libvirt refuses it. */
export async function virshError(host: LabHost, ...args: string[]): Promise<string> {
  return virsh(host, ...args).then(
    (output) => {
      throw new Error(`virsh ${args.join(' ')} should have failed and printed ${output}`);
    },
    (error: unknown) => (error as { stderr: string }).stderr,
  );
}

/** Non-empty lines, sorted: what `--name` and `--uuid` print. */
export async function virshLines(host: LabHost, ...args: string[]): Promise<string[]> {
  const output = await virsh(host, ...args);
  const lines = output.split('\n').map((line) => line.trim());
  return sorted(lines.filter((line) => line !== ''));
}

export function sorted(lines: readonly string[]): string[] {
  return lines.toSorted((a, b) => (a < b ? -1 : 1));
}

/**
 * Reads the same fact by virsh and by the client at a moment when nobody changed it: virsh is asked before and
 * after, until it says the same twice. Other tests may be at work on the same host.
 */
export async function atRest<Fact>(
  byVirsh: () => Promise<Fact>,
  byClient: () => Promise<Fact>,
): Promise<{ virsh: Fact; client: Fact }> {
  let before = await byVirsh();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const client = await byClient();
    const after = await byVirsh();
    if (isDeepStrictEqual(before, after)) return { virsh: after, client };
    before = after;
  }
  throw new Error(`this does not come to rest; last seen: ${JSON.stringify(before)}`);
}

/** "Key:   value" lines. */
export async function virshTable(host: LabHost, ...args: string[]): Promise<Map<string, string>> {
  const output = await virsh(host, ...args);
  return new Map(
    output.split('\n').flatMap((line) => {
      const match = /^([^:]+):\s*(.*)$/.exec(line);
      return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
    }),
  );
}

/** `virsh event --loop`: collects the lines that it prints until it is stopped. */
export class VirshEvents implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #process;

  constructor(host: LabHost, event: string) {
    this.#process = spawn('virsh', ['-c', host.virshUri, 'event', '--event', event, '--loop'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface(this.#process.stdout).on('line', (line) => this.lines.push(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => {
      this.#process.once('exit', resolve);
    });
    this.#process.kill('SIGTERM');
    await ended;
  }
}
