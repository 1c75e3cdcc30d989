/** The room that one check holds on hosts, at their records, and what those records told it. */
import { randomUUID } from 'node:crypto';
import type { HostRecord, ReserveAnswer, Reservation } from '../model/host-record.ts';
import type { PlannerHost, PlannerReservation, Snapshot } from '../model/placement.ts';
import type { Claimant } from '../model/vm-record.ts';
import type { Records } from './records/record-activities.ts';

/** What a check asks of host records. */
export type HostRecords = Pick<Records, 'reserve' | 'letGo' | 'readHost'>;

/** The VM that looks for room, and how much it needs. */
export interface RoomSeeker {
  readonly vm: string;
  readonly memoryMiB: number;
  readonly cpuCores: number;
  /** For whom it is held; absent: records are only read. */
  readonly operation?: Claimant | undefined;
}

/** Lets go of what it holds when it is disposed of, unless the room is kept for the move. */
export class RoomOfCheck implements AsyncDisposable {
  readonly #records: HostRecords | undefined;
  readonly #seeker: RoomSeeker;
  /** Other checks of the operation, attempts of the same included, hold room by their own. */
  readonly #check = randomUUID();
  readonly #told = new Map<string, readonly PlannerReservation[]>();
  /** An answer of one moment: a host that opens meanwhile is for the next check. */
  readonly #closed = new Map<string, Pick<PlannerHost, 'state' | 'stateNote'>>();
  #heldAt: string | undefined;

  /** @param records absent: nothing is known of any host */
  constructor(records: HostRecords | undefined, seeker: RoomSeeker) {
    this.#records = records;
    this.#seeker = seeker;
  }

  /**
   * Asks the host's record, which answers with what others hold there.
   * @param mayMove the VM may move there: room is held for it, and others are told of it from now on
   * @returns whether it is closed; then it stays so for this check
   */
  async ask(host: string, mayMove: boolean): Promise<'open' | 'closed'> {
    if (this.#closed.has(host)) return 'closed';
    const answer = mayMove ? await this.#reserve(host) : await this.#read(host);
    if (answer?.kind === 'closed') {
      const { state, since, by } = answer;
      const reason = by?.reason ? `: ${by.reason}` : '';
      const stateNote = `since ${since}${by ? `, by ${by.workflowId}${reason}` : ''}`;
      this.#closed.set(host, { state, stateNote });
      this.#heldAt = undefined;
      return 'closed';
    }
    if (answer) {
      const toPlanner = (held: Reservation): PlannerReservation => ({ ...held, operation: idOf(held), host });
      this.#told.set(host, answer.earlier.map(toPlanner));
    }
    return 'open';
  }

  /** What the record of a host told; undefined: it was not asked, or there is none. */
  toldBy(host: string): readonly PlannerReservation[] | undefined {
    return this.#told.get(host);
  }

  /** The snapshot with all that records told. */
  see(snapshot: Snapshot): Snapshot {
    if (this.#told.size === 0 && this.#closed.size === 0) return snapshot;
    return {
      ...snapshot,
      reservations: [...snapshot.reservations, ...[...this.#told.values()].flat()],
      hosts: snapshot.hosts.map((host) => ({ ...host, ...this.#closed.get(host.name) })),
    };
  }

  /** The VM will not move there. */
  async letGo(): Promise<void> {
    const host = this.#heldAt;
    const { operation } = this.#seeker;
    if (host === undefined || !operation) return;
    await this.#records?.letGo({ host, workflowId: operation.workflowId, roomOf: this.#check });
    this.#heldAt = undefined;
  }

  /** The VM will move there: the operation lets go at its end. */
  keep(): void {
    this.#heldAt = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is thrown from here: it would hide how the check ended. The record finds out when the operation ends.
    await this.letGo().catch(() => undefined);
  }

  async #reserve(host: string): Promise<ReserveAnswer | undefined> {
    const { operation, ...need } = this.#seeker;
    if (!this.#records || !operation) return await this.#read(host);
    // An answer that does not arrive may have been given.
    this.#heldAt = host;
    return await this.#records.reserve({ host, operation, check: this.#check, ...need });
  }

  async #read(host: string): Promise<ReserveAnswer | undefined> {
    const record = await this.#records?.readHost(host);
    return record && answerOf(record);
  }
}

/** What a record would answer to whoever asked for room now. */
function answerOf({ state, stateSince, stateBy, reservations }: HostRecord): ReserveAnswer {
  if (state === 'active') return { kind: 'reserved', earlier: reservations };
  return { kind: 'closed', state, since: stateSince, ...(stateBy ? { by: stateBy } : {}) };
}

function idOf({ operation }: Reservation): string {
  return operation.workflowId;
}
