/** One move and its story: from its start by Drover's library to the verdict, which is asked of the world. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '../../../client/operation.ts';
import type { LabHost } from '../../../lab/lab.ts';
import type { MigrateVmRequest, MigrateVmResult } from '../../../model/migrate-vm.ts';
import { waitFor } from '../../../demo/traffic.ts';
import { virsh } from '../../support/world.ts';
import { Copies } from './copies.ts';
import type { Held } from './line.ts';
import { packets } from './packets.ts';
import type { Stage, End, StageWorker } from './stage.ts';
import { Users, type Seen } from './users.ts';
import { heldInTemporal, kernelCrash, lookAtHosts, type WorldNow } from './world.ts';

/** What became of it. */
export interface Verdict extends WorldNow {
  readonly end: End;
  /** What Drover still holds for operations; nothing after a right end. */
  readonly held: readonly string[];
  /** Two copies ran at once. */
  readonly twice: readonly string[];
  /** What users had been told and was undone. */
  readonly undone: readonly string[];
  readonly seen: Seen;
}

/** Of the guest's memory some 55 MiB are copied: for so many seconds that there is a middle to strike at. */
export const slowly = { bandwidthMiBps: 16 } as const;
const middle = 8;

export class Move {
  readonly stage: Stage;
  readonly source: LabHost;
  readonly target: LabHost;
  readonly third: LabHost;
  readonly users: Users;
  readonly #copies: Copies;
  #operation: Operation<MigrateVmResult> | undefined;

  private constructor(stage: Stage, places: { source: LabHost; target: LabHost; third: LabHost }) {
    this.stage = stage;
    ({ source: this.source, target: this.target, third: this.third } = places);
    this.users = new Users(stage.vm.address);
    this.#copies = new Copies(stage.hosts, stage.vm.uuid);
  }

  /** The VM's users are there and what runs where is looked at; nothing is moved yet. */
  static async prepare(stage: Stage): Promise<Move> {
    await waitFor(`${stage.vm.name} to answer`, 60, () => fetch(`http://${stage.vm.address}/`));
    const move = new Move(stage, await stage.places());
    await move.users.answered();
    return move;
  }

  get operation(): Operation<MigrateVmResult> {
    if (!this.#operation) throw new Error('the move has not begun');
    return this.#operation;
  }

  /** @param input default: to the next host, as fast as it goes */
  async begin(input: Partial<MigrateVmRequest> = {}): Promise<void> {
    await this.beginAnywhere({ to: this.target.name, ...input });
  }

  /** To the host that Drover chooses. */
  async beginAnywhere(input: Partial<MigrateVmRequest> = {}): Promise<void> {
    this.#operation = await this.stage.drover.start('migrateVm', { vm: this.stage.vm.name, ...input });
  }

  /** Waits until the host is chosen and memory is copied to it. */
  async chosen(): Promise<LabHost> {
    const name = await waitFor('a host to be chosen', 60, async () => {
      const { status } = await this.operation.look();
      return status && 'to' in status ? status.to : undefined;
    });
    const host = this.stage.hosts.find((each) => each.name === name);
    if (!host) throw new Error(`no host ${name}`);
    await this.copied();
    return host;
  }

  /** Holds this packet as it comes by, between a worker and the host that it belongs to. */
  hold(packet: keyof typeof packets, worker: StageWorker = this.stage.worker): Held {
    const atTarget = packet === 'ready' || packet === 'orderToResume' || packet === 'resumed';
    return worker.line(atTarget ? this.target : this.source).hold(packets[packet]);
  }

  /** Waits until so much of the memory has been copied. */
  async copied(mebibytes = middle): Promise<void> {
    const ended = this.#operation?.result().then(
      ({ message }) => Promise.reject(new Error(`it has ended before: ${message}`)),
      (error: Error) => Promise.reject(new Error(`it has ended before: ${error.message}`)),
    );
    const come = waitFor(`${mebibytes} MiB to be copied`, 60, async () => {
      const ask = virsh(this.source, 'domjobinfo', '--rawstats', '--domain', this.stage.vm.uuid);
      const bytes = /^memory_processed: (\d+)$/m.exec(await ask)?.[1];
      return Number(bytes ?? 0) >= mebibytes * 1024 ** 2 ? true : undefined;
    });
    // Later it may end as it likes.
    ended?.catch(() => undefined);
    await Promise.race([come, ...(ended ? [ended] : [])]);
  }

  /** Waits for the operation's end, then asks the world. */
  async end(): Promise<Verdict> {
    const end = await this.stage.cli('watch', this.operation.workflowId);
    try {
      return { end, ...(await this.look()) };
    } catch (error) {
      throw new Error(`${(error as Error).message}; the operation had ended so: ${end.text}`, {
        cause: error,
      });
    }
  }

  /** Asks the world, whatever became of the operation. */
  async look(): Promise<Omit<Verdict, 'end'>> {
    const world = await atRest(() => lookAtHosts(this.stage));
    const held = await atRest(async () => {
      const left = await heldInTemporal(this.stage);
      return { left };
    });
    if (world.runsOn.length > 0) await this.#answersOn(world);
    const [seen, { twice }] = await Promise.all([this.users.leave(), this.#copies.end()]);
    return { ...world, held: held.left, twice, undone: seen.undone, seen };
  }

  async #answersOn(world: WorldNow): Promise<void> {
    try {
      await this.users.answered();
    } catch (error) {
      const there = this.stage.hosts.filter(({ name }) => world.runsOn.includes(name));
      const crash = there.map((host) => kernelCrash(host, this.stage.vm.name)).find(Boolean);
      throw new Error(
        `${(error as Error).message}, ${crash === undefined ? `though ${JSON.stringify(world)}` : `because the guest's kernel crashed: ${crash}`}`,
        { cause: error },
      );
    }
  }
}

/** libvirt ends a process in some seconds, and lists of Temporal lag a moment behind: nothing may be left then. */
async function atRest<T extends { readonly left: readonly string[] }>(look: () => Promise<T>): Promise<T> {
  const until = performance.now() + 15_000;
  for (;;) {
    const seen = await look();
    if (seen.left.length === 0 || performance.now() > until) return seen;
    await pause(250);
  }
}
