/** What happens to VMs on a lab's hosts, as their own libvirt tells it, with the times at which it came here. */
import {
  openLibvirt,
  transportTo,
  type LibvirtClient,
  type LifecycleEvent,
} from '../activities/hosts/libvirt/client.ts';

import type { LabHost } from '../lab/lab.ts';

export interface HostEvent {
  readonly host: string;
  readonly uuid: string;
  readonly event: LifecycleEvent['event'];
  readonly detail: LifecycleEvent['detail'];
  /** By `performance.now()`. */
  readonly atMs: number;
}

/** Listens to every host until it is disposed. */
export class Lifecycle implements AsyncDisposable {
  readonly #clients: LibvirtClient[] = [];
  #events: HostEvent[] = [];
  readonly #listeners = new Set<(event: HostEvent) => void>();

  static async of(hosts: readonly LabHost[]): Promise<Lifecycle> {
    const lifecycle = new Lifecycle();
    for (const host of hosts) {
      const { name } = host;
      const client = await openLibvirt(transportTo(host.uri, host), { timeoutMs: 5000 });
      lifecycle.#clients.push(client);
      await client.onLifecycle(({ domain, event, detail }) =>
        lifecycle.#hear({ host: name, uuid: domain.uuid, event, detail, atMs: performance.now() }),
      );
    }
    return lifecycle;
  }

  /** Forgets what it heard. */
  reset(): void {
    this.#events = [];
  }

  /** What was heard since, in the order in which it came. */
  get events(): readonly HostEvent[] {
    return this.#events;
  }

  /** Calls `listener` for each event from now on, until the answer is called. */
  listen(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #hear(event: HostEvent): void {
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}
