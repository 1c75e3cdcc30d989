/** Whether a cell has come to rest after all operations of a scenario have ended, and what they still hold. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedDatacenter } from '../../lab/simulated/datacenter.ts';
import type { DatacenterSpec } from '../../lab/simulated/spec.ts';
import type { Cell } from './cell.ts';

/** Late orders have come by then: nothing has been asked of any host for so long, and no migration runs. */
const quietMs = 1500;
const quietLimitMs = 20_000;
const lookEveryMs = 100;

/** Waits until the hosts are at rest. @returns what still goes on at the limit, in a sentence; undefined: nothing does */
export async function untilQuiet(
  datacenter: SimulatedDatacenter,
  limitMs = quietLimitMs,
): Promise<string | undefined> {
  const untilMs = performance.now() + limitMs;
  let last = datacenter.journal.written;
  let sinceMs = performance.now();
  while (performance.now() < untilMs) {
    await pause(lookEveryMs);
    if (datacenter.journal.written !== last || migrationsIn(datacenter).length > 0) {
      last = datacenter.journal.written;
      sinceMs = performance.now();
    }
    if (performance.now() - sinceMs >= quietMs) return undefined;
  }
  const latest = datacenter.journal.entries.at(-1);
  const asked =
    latest?.kind === 'call' ? ` ${latest.party} last asked ${latest.host} for ${latest.call}` : '';
  const moving = migrationsIn(datacenter).join(', ');
  return `${limitMs / 1000} s after all had ended the hosts are not at rest:${moving ? ` ${moving};` : ''}${asked}`;
}

function migrationsIn({ hosts }: SimulatedDatacenter): string[] {
  return [...hosts.values()].flatMap(({ name, copies }) =>
    [...copies.values()].flatMap(({ vm, job, isIncoming }) => {
      if (job) return [`a migration of ${vm} runs on ${name}`];
      return isIncoming ? [`${name} waits for the rest of ${vm}`] : [];
    }),
  );
}

/** What records still hold, in a sentence each; and the VMs of which they doubt where they are. */
export interface Held {
  readonly held: readonly string[];
  readonly inDoubt: readonly string[];
}

/**
 * What is still held though every operation has ended.
 * @param limitMs records may take so long to find out by themselves that an operation was terminated; default 0
 */
export async function heldIn(cell: Cell, spec: DatacenterSpec, { limitMs = 0 } = {}): Promise<Held> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const holding = await readHeld(cell, spec);
    if (holding.held.length === 0 || performance.now() >= untilMs) return holding;
    await pause(lookEveryMs);
  }
}

async function readHeld(cell: Cell, { vms, hosts }: DatacenterSpec): Promise<Held> {
  const drover = await cell.drover();
  const held: string[] = [];
  const inDoubt: string[] = [];
  for (const { name } of vms) {
    const record = await drover.vmRecord(name);
    const lease = record?.lease;
    if (lease?.state === 'inDoubt') inDoubt.push(name);
    else if (lease) held.push(`${name} is held by ${lease.holder.workflowId}`);
    for (const { claimant } of lease?.state === 'inDoubt' ? [] : (record?.queue ?? []))
      held.push(`a place in the queue for ${name} is held by ${claimant.workflowId}`);
  }
  for (const { name } of hosts) {
    const record = await drover.hostRecord(name);
    if (record && record.state !== 'active')
      held.push(`${name} is closed (${record.state}) by ${record.stateBy?.workflowId}`);
    for (const { vm, operation } of record?.reservations ?? [])
      held.push(`room for ${vm} is held on ${name} by ${operation.workflowId}`);
    for (const direction of ['in', 'out'] as const) {
      for (const { vm, operation } of record?.slots[direction] ?? [])
        held.push(`a slot (${direction}) of ${name} is held for ${vm} by ${operation.workflowId}`);
      for (const { vm, operation } of record?.waiting[direction] ?? [])
        held.push(`a slot (${direction}) of ${name} is waited for, for ${vm}, by ${operation.workflowId}`);
    }
  }
  return { held, inDoubt };
}
