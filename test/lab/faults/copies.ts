/** Looks at every host again and again, past Drover and past the network, for copies of a VM that run at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { openLibvirt, unixTransport, type LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../../../lab/lab.ts';

const everyMs = 50;
const callMs = 500;

export class Copies {
  readonly #hosts: readonly LabHost[];
  readonly #uuid: string;
  readonly #clients = new Map<string, LibvirtClient>();
  readonly #looking: Promise<void>;
  readonly #twice: string[] = [];
  #isOver = false;
  #before: readonly string[] = [];
  #looks = 0;

  /** Begins to look at once. */
  constructor(hosts: readonly LabHost[], uuid: string) {
    this.#hosts = hosts;
    this.#uuid = uuid;
    this.#looking = this.#goOnLooking();
  }

  /** Looks no more. @returns each time that two copies ran, and how often it was looked */
  async end(): Promise<{ readonly twice: readonly string[]; readonly looks: number }> {
    this.#isOver = true;
    await this.#looking;
    for (const client of this.#clients.values()) await client.close();
    return { twice: this.#twice, looks: this.#looks };
  }

  async #goOnLooking(): Promise<void> {
    while (!this.#isOver) {
      const now = (await Promise.all(this.#hosts.map((host) => this.#runsOn(host)))).flat();
      this.#looks++;
      // The hosts are not asked at one instant: a switch-over between two answers is no second copy.
      const stable = now.filter((host) => this.#before.includes(host));
      if (stable.length > 1) this.#twice.push(`it runs on ${stable.join(' and ')}`);
      this.#before = now;
      await pause(everyMs);
    }
  }

  /** A host whose libvirtd does not answer now is asked again at the next look. */
  async #runsOn({ name, socket }: LabHost): Promise<string[]> {
    try {
      const client = this.#clients.get(name) ?? (await open(socket));
      this.#clients.set(name, client);
      const domain = (await client.listDomains()).find(({ uuid }) => uuid === this.#uuid);
      if (!domain || domain.id === -1) return [];
      return (await client.domainState(domain)).state === 'running' ? [name] : [];
    } catch {
      await this.#clients.get(name)?.close();
      this.#clients.delete(name);
      return [];
    }
  }
}

function open(socket: string): Promise<LibvirtClient> {
  return openLibvirt(unixTransport({ path: socket }), { timeoutMs: callMs, keepalive: false });
}
