/** What both hosts of a move say of the VM, asked on the attempt's own sessions, and what may be done about it there. */
import type { MoveFacts } from '../../policies/settle/move-facts.ts';
import { settle, type Settlement, type Sight } from '../../policies/settle/settle.ts';
import { nextStep, type NextStep } from '../../policies/settle/next-step.ts';
import type { HostSession } from '../hosts/driver.ts';
import { HostUnreachable, messageOf } from '../hosts/errors.ts';
import type { Hosts, KnownHost } from '../hosts/hosts.ts';

export interface Seen {
  readonly settlement: Settlement;
  readonly next: NextStep;
  readonly source: Sight;
  readonly target: Sight;
  readonly hasJob: boolean;
}

/** The two hosts of a move. A session that was lost is opened anew by whoever asks next. */
export class BothHosts implements AsyncDisposable {
  readonly #hosts: Hosts;
  readonly #uuid: string;
  readonly #epoch: number;
  readonly #known: { readonly source: KnownHost; readonly target: KnownHost };
  readonly #open = new Map<'source' | 'target', Promise<HostSession>>();
  readonly #all: Promise<HostSession>[] = [];

  /** @param epoch of the lease under which orders are given */
  constructor(
    hosts: Hosts,
    known: { readonly source: KnownHost; readonly target: KnownHost },
    { uuid, epoch }: { readonly uuid: string; readonly epoch: number },
  ) {
    this.#hosts = hosts;
    this.#known = known;
    this.#uuid = uuid;
    this.#epoch = epoch;
  }

  /** The session for commands and questions. @throws HostUnreachable */
  session(side: 'source' | 'target'): Promise<HostSession> {
    const known = this.#open.get(side);
    if (known) return known;
    const opened = this.another(side);
    this.#open.set(side, opened);
    opened.catch(() => this.#open.delete(side));
    return opened;
  }

  /** A session beside that one, which ends with this as well. */
  another(side: 'source' | 'target'): Promise<HostSession> {
    const opened = this.#hosts.open(this.#known[side], { epoch: this.#epoch });
    this.#all.push(opened);
    return opened;
  }

  /** Both hosts' answers, and what follows from them. A host that does not answer is told as unknown. */
  async look(facts: MoveFacts): Promise<Seen> {
    const [sourceSight, target, job] = await Promise.all([
      this.#sight('source'),
      this.#sight('target'),
      // A source that has ended has a job for as long as libvirt waits for its process; so does the answer.
      facts.sourceHasEnded ? false : this.#hasJob(),
    ]);
    // Whether it is being copied is part of where it is: an order that was given may be alive.
    const source: Sight =
      job instanceof HostUnreachable ? { kind: 'unknown', reason: messageOf(job) } : sourceSight;
    const hasJob = job === true;
    return {
      settlement: settle(source, target, facts),
      next: nextStep(source, target, hasJob, facts),
      source,
      target,
      hasJob,
    };
  }

  /** Ends whatever a host has of the VM: its process, unless that is just ending, then its definition. */
  async end(side: 'source' | 'target', sight: Sight): Promise<void> {
    if (sight.kind !== 'present') return;
    const session = await this.session(side);
    if (!['off', 'crashed', 'shuttingDown'].includes(sight.state)) await session.destroy(this.#uuid);
    const left = await session.sight(this.#uuid);
    if (left.kind === 'present' && left.persistent) await session.undefine(this.#uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#all.map(async (opened) => {
        const session = await opened.catch(() => undefined);
        await session?.[Symbol.asyncDispose]();
      }),
    );
  }

  async #sight(side: 'source' | 'target'): Promise<Sight> {
    try {
      return await (await this.session(side)).sight(this.#uuid);
    } catch (error) {
      this.#forget(side, error);
      return { kind: 'unknown', reason: messageOf(error) };
    }
  }

  /** What was in the way where the source did not answer. A source that has ended, say, may refuse to: it has none. */
  async #hasJob(): Promise<boolean | HostUnreachable> {
    try {
      return (await (await this.session('source')).migrationProgress(this.#uuid)) !== undefined;
    } catch (error) {
      this.#forget('source', error);
      return error instanceof HostUnreachable ? error : false;
    }
  }

  #forget(side: 'source' | 'target', error: unknown): void {
    if (error instanceof HostUnreachable) this.#open.delete(side);
  }
}
