/** Records in memory, with the decisions of the real ones, for worlds that operations act on. */
import type { RecordActivities } from '../../../activities/records/record-activities.ts';
import type { HostRecord } from '../../../model/host-record.ts';
import type { VmRecord } from '../../../model/vm-record.ts';
import { newVmRecord, type Decision as VmDecision } from '../../../policies/lease/decision.ts';
import { acquire, release } from '../../../policies/lease/lease.ts';
import {
  letGo,
  newHostRecord,
  reserve,
  setState,
  takeSlot,
  type Decision as HostDecision,
} from '../../../policies/room/host-room.ts';
import type { ReserveAnswer, ReserveRoom } from '../../../model/host-record.ts';

/** Time stands still here. */
const now = '2026-01-01T00:00:00.000Z';

export class RecordsWorld {
  readonly vms: Record<string, VmRecord> = {};
  readonly hosts: Record<string, HostRecord> = {};

  /** The activities that ask records. Nobody waits in this world: what is granted later is not told. */
  readonly activities: RecordActivities = {
    acquireVm: async (request) => this.#decideVm(request.vm, (record) => acquire(record, request, now)),
    takeSlots: async ({ slots }) =>
      slots.map((slot) => this.#decideHost(slot.host, (record) => takeSlot(record, slot, now))),
    letGoOfAll: async ({ vm, hosts }) => {
      for (const held of hosts) this.#decideHost(held.host, (record) => letGo(record, held));
      if (vm) this.#decideVm(vm.vm, (record) => release(record, vm, now));
    },
    closeHosts: async ({ hosts, by }) => {
      for (const host of hosts.toSorted()) {
        const answer = this.#decideHost(host, (record) =>
          setState(record, { state: 'maintenance', by }, now),
        );
        if (answer.kind === 'held') return { ...answer, host };
      }
      return undefined;
    },
    closedHosts: async () =>
      Object.values(this.hosts).flatMap(({ host, state }) => (state === 'active' ? [] : [{ host, state }])),
    openHosts: async ({ hosts, by }) => {
      for (const host of hosts)
        this.#decideHost(host, (record) => setState(record, { state: 'active', by }, now));
    },
    isRunning: async () => true,
  };

  /** What the check asks, on its way. */
  reserve(request: ReserveRoom): ReserveAnswer {
    return this.#decideHost(request.host, (record) => reserve(record, request, now));
  }

  /** A person finds out where each VM in doubt is: whoever settles it takes its lease over, and lets go. */
  endDoubts(): void {
    for (const { vm, lease } of Object.values(this.vms)) {
      if (lease?.state !== 'inDoubt') continue;
      const claimant = { workflowId: `settle-vm/${vm}`, kind: 'settleVm', rank: 'person' } as const;
      const { workflowId } = claimant;
      this.#decideVm(vm, (record) => acquire(record, { claimant, takeOver: lease.epoch }, now));
      const epoch = lease.epoch + 1;
      this.#decideVm(vm, (record) =>
        release(record, { workflowId, epoch, outcome: 'settled', message: 'it was found' }, now),
      );
    }
  }

  /** What is held, and who waits, of each VM and of each of these hosts of which anything is. */
  held(hosts: ReadonlySet<string>): unknown {
    const leases = Object.values(this.vms).flatMap(({ vm, lease, queue }) =>
      lease || queue.length > 0 ? [{ vm, state: lease?.state, by: lease?.holder.workflowId, queue }] : [],
    );
    const rooms = Object.values(this.hosts).flatMap(({ host, reservations, slots, waiting }) =>
      hosts.has(host) &&
      [reservations, slots.in, slots.out, waiting.in, waiting.out].some(({ length }) => length > 0)
        ? [{ host, reservations, slots, waiting }]
        : [],
    );
    return { leases, rooms };
  }

  #decideVm<Answer>(vm: string, decide: (record: VmRecord) => VmDecision<Answer>): Answer {
    const { record, answer } = decide(this.vms[vm] ?? newVmRecord(vm, now));
    this.vms[vm] = record;
    return answer;
  }

  #decideHost<Answer>(host: string, decide: (record: HostRecord) => HostDecision<Answer>): Answer {
    const { record, answer } = decide(this.hosts[host] ?? newHostRecord(host, now));
    this.hosts[host] = record;
    return answer;
  }
}
