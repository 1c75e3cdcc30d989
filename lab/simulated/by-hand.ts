/** A small simulated datacenter on a clock that is moved by hand, with its referee: for the tests of the simulation. */
import type { z } from 'zod';
import { ManualClock } from './clock.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { bring, type Fault } from './faults.ts';
import type { Cause, JournalEntry } from './journal.ts';
import type { OutgoingMigration } from './migration.ts';
import { AuditInput, Referee, type ConvictionKind } from './referee.ts';
import type { Refusal } from './refusal.ts';
import { DatacenterSpec, type VmSpec } from './spec.ts';
import type { MigrationMoment } from './world.ts';

/** Long after the longest of what the simulation does by itself: a copy, a tear-down, two keepalives. */
export const aWhileMs = 30_000;

export class ByHand {
  readonly clock = new ManualClock();
  readonly referee = new Referee();
  readonly datacenter: SimulatedDatacenter;
  readonly #holds = new Map<MigrationMoment, PromiseWithResolvers<void>>();

  /** Three hosts of 8 GiB, and `vm1` of 1 GiB running on host1, unless `vms` says something else. */
  constructor(
    vms: Partial<VmSpec>[] = [{}],
    hosts: Partial<DatacenterSpec['hosts'][number]>[] = [{}, {}, {}],
  ) {
    const spec = DatacenterSpec.parse({
      hosts: hosts.map((host, at) => ({ name: `host${at + 1}`, memoryMiB: 8192, ...host })),
      vms: vms.map((vm, at) => ({ name: `vm${at + 1}`, host: 'host1', ...vm })),
    });
    this.datacenter = new SimulatedDatacenter(spec, this.clock, (entry) => this.referee.observe(entry));
    this.datacenter.momentTrap = (moment) => this.#holds.get(moment)?.promise;
  }

  /** What Drover does to a copy, by the call of its session. */
  order(
    call: 'start' | 'shutDown' | 'destroy' | 'suspend' | 'resume' | 'undefine' | 'quit',
    host: string,
    vm = 'vm1',
  ) {
    const cause: Cause = { kind: 'drover', party: 'worker', call };
    this.datacenter.hostNamed(host)[call](SimulatedDatacenter.vmUuid(vm), cause);
  }

  person(order: Extract<Fault, { kind: 'person' }>['order'], vm = 'vm1', host?: string): void {
    this.fault({ kind: 'person', order, vm, ...(host === undefined ? {} : { host }) });
  }

  fault(fault: Fault): void {
    bring(this.datacenter, fault);
  }

  /** Begins a migration as Drover's commit orders it, or a plain one. */
  migrate(
    to: string,
    { vm = 'vm1', from = 'host1', plain = false, bandwidthMiBps = Infinity } = {},
  ): OutgoingMigration {
    return this.datacenter.migrate(this.datacenter.hostNamed(from), {
      uuid: SimulatedDatacenter.vmUuid(vm),
      to: `sim://127.0.0.1:7400/${to}`,
      arrivesPaused: !plain,
      keepsDefinition: !plain,
      ...(bandwidthMiBps === Infinity ? {} : { bandwidthMiBps }),
    });
  }

  /** Stops migrations at a moment from now on, until the answer is called. */
  hold(moment: MigrationMoment): () => void {
    const held = Promise.withResolvers<void>();
    this.#holds.set(moment, held);
    return () => {
      this.#holds.delete(moment);
      held.resolve();
    };
  }

  /** Lets time pass until a copy's state is as it is wished. */
  async until(host: string, state: string, vm = 'vm1'): Promise<void> {
    const untilMs = this.clock.nowMs() + aWhileMs;
    while (this.stateOn(host, vm) !== state) {
      if (this.clock.nowMs() > untilMs)
        throw new Error(`${vm} is not "${state}" on ${host} but "${this.stateOn(host, vm)}"`);
      await this.clock.advance(1);
    }
  }

  /** `running (booted)`, or `absent`; `, filling` while a migration fills it. */
  stateOn(host: string, vm = 'vm1'): string {
    const copy = this.datacenter.hostNamed(host).copies.get(SimulatedDatacenter.vmUuid(vm));
    return copy ? `${copy.state} (${copy.reason})${copy.isIncoming ? ', filling' : ''}` : 'absent';
  }

  uptimeOn(host: string, vm = 'vm1'): number {
    return (
      this.datacenter.hostNamed(host).copyOf(SimulatedDatacenter.vmUuid(vm)).live?.guest.now.uptimeMs ?? -1
    );
  }

  /** What watchers were told, by host, in the order over all of them. */
  get told(): string[] {
    return this.datacenter.journal.entries.flatMap((entry: JournalEntry) =>
      entry.kind === 'copy' && entry.event
        ? [`${entry.copy.host}: ${entry.event.kind} ${entry.event.detail}`]
        : [],
    );
  }

  audit(input: z.input<typeof AuditInput> = {}): ConvictionKind[] {
    return this.referee.audit(AuditInput.parse(input)).map(({ kind }) => kind);
  }
}

/** How a migration ended: `done`, or the hypervisor's words. */
export function endOf({ done }: OutgoingMigration): Promise<string> {
  return done.then(
    () => 'done',
    (refusal: Refusal) => `${refusal.code}: ${refusal.message}`,
  );
}
