/** Whether more VMs moved at once than hosts have slots for, by the journal of what happened. */
import type { JournalEntry } from '../../lab/simulated/journal.ts';

/** The settings' default, for each host and each direction. */
const slots = 2;

/** A sentence for each host that more VMs left, or came to, at a time. */
export function beyondSlots(entries: readonly JournalEntry[]): string[] {
  const moving = new Map<string, Set<string>>();
  const found = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind === 'host' && ['dead', 'off'].includes(entry.state))
      for (const job of ['in', 'out']) moving.delete(`${job} ${entry.host}`);
    if (entry.kind !== 'copy') continue;
    const { host, vm, job: at } = entry.copy;
    for (const job of ['in', 'out'] as const) {
      const key = `${job} ${host}`;
      const vms = moving.get(key) ?? new Set();
      moving.set(key, vms);
      if (at === job) vms.add(vm);
      else vms.delete(vm);
      if (vms.size <= slots) continue;
      const way = job === 'in' ? 'came to' : 'left';
      found.set(key, `${[...vms].join(', ')} ${way} ${host} at once, which has ${slots} slots for that`);
    }
  }
  return [...found.values()];
}
