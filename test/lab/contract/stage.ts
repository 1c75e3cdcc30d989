/**
 * Where a sequence of the contract plays: one VM, two hosts, and everything they say of it written down, line by line,
 * in words that are the same whatever stands behind the hosts.
 */
import type {
  HostAddress,
  HostDriver,
  HostSession,
  MigrationOrder,
} from '../../../activities/hosts/driver.ts';
import { HostRefused } from '../../../activities/hosts/errors.ts';
import type { VmDefinition } from '../../../model/vm-definition.ts';
import { Heard } from './heard.ts';
import { eventsInWords, eventWords, outcomeOf, sightWords } from './words.ts';

export type Place = 'source' | 'target';
const places = ['source', 'target'] as const;

/** One implementation of `HostSession`, with two hosts of its own and what a test does to them past Drover. */
export interface Side {
  readonly name: string;
  readonly driver: HostDriver;
  readonly hosts: Readonly<Record<Place, HostAddress>>;
  /** An address at which nobody listens. */
  readonly nobody: HostAddress;
  /** Kills the process of the hypervisor that holds the VM. */
  kill(place: Place, vm: VmDefinition): void;
}

/** Orders that name nothing but the VM. */
export type PlainOrder =
  | 'undefine'
  | 'start'
  | 'shutDown'
  | 'destroy'
  | 'suspend'
  | 'resume'
  | 'quit'
  | 'abortMigration';

/** Something that a later step waits for. */
export interface UnderWay {
  readonly what: string;
  readonly outcome: Promise<string>;
}

/** How long a level is waited for: libvirt takes up to 2 s to end a process, and hosts of the lab are shared. */
const limitMs = 30_000;
const lookEveryMs = 20;

export class Stage implements AsyncDisposable {
  readonly side: Side;
  readonly vm: VmDefinition;
  readonly #sessions: Readonly<Record<Place, HostSession>>;
  readonly #heard: Readonly<Record<Place, Heard>>;
  readonly #last: Record<Place, string> = { source: 'absent', target: 'absent' };
  #lines: string[] = [];

  private constructor(side: Side, vm: VmDefinition, sessions: Record<Place, HostSession>) {
    this.side = side;
    this.vm = vm;
    this.#sessions = sessions;
    this.#heard = { source: new Heard(), target: new Heard() };
  }

  static async open(side: Side, vm: VmDefinition): Promise<Stage> {
    const open = (place: Place): Promise<HostSession> => side.driver.open(side.hosts[place]);
    const [source, target] = await Promise.all([open('source'), open('target')]);
    const stage = new Stage(side, vm, { source, target });
    for (const place of places) {
      await stage.#sessions[place].watch((event) => {
        if (event.uuid === vm.uuid) stage.#heard[place].add(eventWords(event));
      });
    }
    return stage;
  }

  /** What was ordered, what came back, and what both hosts then said where it was new. */
  get trace(): string {
    return this.#lines.join('\n');
  }

  at(place: Place): HostSession {
    return this.#sessions[place];
  }

  /** Defined and running at the source, as most sequences begin; not written down. */
  async running(): Promise<void> {
    await this.at('source').define(this.vm);
    await this.at('source').start(this.vm.uuid);
    await this.#look();
    this.#lines = [];
  }

  /** Gives an order, waits for what is to come of it, and writes down what both hosts then say. */
  async order(place: Place, order: PlainOrder, until?: () => Promise<void>): Promise<void> {
    await this.ends(this.begin(place, order), until);
  }

  begin(place: Place, order: PlainOrder): UnderWay {
    return this.#begin(`${order} at the ${place}`, () => this.at(place)[order](this.vm.uuid));
  }

  async define(place: Place, definition = this.vm, what = 'define'): Promise<void> {
    await this.does(`${what} at the ${place}`, () => this.at(place).define(definition));
  }

  /** A whole move to the target, from the order to its answer. */
  async move(order: Partial<MigrationOrder> = {}): Promise<void> {
    await this.ends(this.beginMove(order));
  }

  beginMove(order: Partial<MigrationOrder> = {}): UnderWay {
    const to = this.side.hosts.target;
    return this.#begin('migrate', () => this.at('source').migrate(this.vm.uuid, { to, ...order }));
  }

  /** An order of another form, to be waited for later. */
  beginOther(what: string, act: () => Promise<unknown>): UnderWay {
    return this.#begin(what, act);
  }

  /** A question or order of another form. */
  async does(what: string, act: () => Promise<unknown>, until?: () => Promise<void>): Promise<void> {
    await this.ends(this.#begin(what, act), until);
  }

  async ends({ what, outcome }: UnderWay, until?: () => Promise<void>): Promise<void> {
    this.#lines.push(`${what}: ${await outcome}`);
    await until?.();
    await this.#look();
  }

  /** Several that were begun together, in the order in which they are written down. */
  async endAll(underWay: readonly UnderWay[]): Promise<void> {
    for (const { what, outcome } of underWay) this.#lines.push(`${what}: ${await outcome}`);
    await this.#look();
  }

  /** Gives orders one after the other that change nothing, and looks once. */
  async refuses(place: Place, orders: readonly PlainOrder[]): Promise<void> {
    for (const order of orders) {
      const { what, outcome } = this.begin(place, order);
      this.#lines.push(`${what}: ${await outcome}`);
    }
    await this.#look();
  }

  async kill(place: Place): Promise<void> {
    await this.does(
      `kill at the ${place}`,
      async () => this.side.kill(place, this.vm),
      () => this.told(place, 'stopped failed'),
    );
  }

  /** Resolves in the moment in which a host tells of an event of this VM. */
  async told(place: Place, event: string): Promise<void> {
    await this.#heard[place].one(event, limitMs);
  }

  /** Waits until a host says so of this VM: `paused (user), persistent`, `absent`. */
  async sees(place: Place, sight: string): Promise<void> {
    await this.#reaches(`${place}: ${sight}`, async () => {
      const seen = sightWords(await this.at(place).sight(this.vm.uuid));
      return { seen, is: seen === sight };
    });
  }

  /** Waits until memory is being copied. */
  async copying(): Promise<void> {
    await this.#reaches('memory is being copied', async () => {
      const progress = await this.at('source').migrationProgress(this.vm.uuid);
      return { seen: JSON.stringify(progress ?? 'no job'), is: (progress?.processedBytes ?? 0) > 0 };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(places.map((place) => this.#sweep(place)));
    await Promise.all(places.map((place) => this.at(place)[Symbol.asyncDispose]()));
  }

  /** Writes down what each host says now, where it says something else than before, and what it has told since. */
  async #look(): Promise<void> {
    const said = await Promise.all(
      places.map(async (place) => {
        const [sight, report] = await Promise.all([
          this.at(place).sight(this.vm.uuid),
          this.at(place).report(),
        ]);
        return { place, sight, listed: report.vms.find(({ uuid }) => uuid === this.vm.uuid) };
      }),
    );
    for (const { place, sight, listed } of said) {
      const told = this.#heard[place].unread();
      if (told.length > 0) this.#lines.push(`  ${place} tells: ${eventsInWords(told)}`);
      const words = sightWords(sight);
      if (words === this.#last[place]) continue;
      this.#last[place] = words;
      this.#lines.push(`  ${place}: ${words}`);
      const inReport = listed ? sightWords({ kind: 'present', ...listed }) : 'absent';
      if (inReport !== words) this.#lines.push(`  ${place} reports: ${inReport}`);
      if (!listed) continue;
      const { memoryMiB, vcpus } = this.vm;
      const hasProcess = !['off', 'crashed'].includes(listed.state);
      const isWhole =
        listed.memoryMiB === memoryMiB &&
        listed.vcpus === vcpus &&
        hasProcess === (listed.cpuSeconds !== undefined);
      if (!isWhole) this.#lines.push(`  ${place} reports: ${JSON.stringify(listed)}`);
    }
  }

  #begin(what: string, act: () => Promise<unknown>): UnderWay {
    return { what, outcome: outcomeOf(act, this.vm) };
  }

  async #reaches(what: string, look: () => Promise<{ seen: string; is: boolean }>): Promise<void> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      const { seen, is } = await look();
      if (is) return;
      if (performance.now() > untilMs)
        throw new Error(`${this.side.name} did not reach this: ${what}; last seen: ${seen}`);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  /** The VM is gone from the host, whatever the sequence left: a migration ends with the process at either end. */
  async #sweep(place: Place): Promise<void> {
    const session = this.at(place);
    for (const order of ['destroy', 'undefine'] as const) {
      try {
        await session[order](this.vm.uuid);
      } catch (error) {
        if (!(error instanceof HostRefused)) throw error;
      }
    }
  }
}
