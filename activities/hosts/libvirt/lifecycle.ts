import { nameAt, type Unnamed } from './names.ts';

/**
 * virDomainEventType of libvirt-domain.h in its order, with the names that `virsh event --event lifecycle` gives
 * the events and their details.
 */
const lifecycleEvents = [
  { event: 'Defined', details: ['Added', 'Updated', 'Renamed', 'Snapshot'] },
  { event: 'Undefined', details: ['Removed', 'Renamed'] },
  { event: 'Started', details: ['Booted', 'Migrated', 'Restored', 'Snapshot', 'Event wakeup'] },
  {
    event: 'Suspended',
    details: [
      'Paused',
      'Migrated',
      'I/O Error',
      'Watchdog',
      'Restored',
      'Snapshot',
      'API error',
      'Post-copy',
      'Post-copy Error',
    ],
  },
  { event: 'Resumed', details: ['Unpaused', 'Migrated', 'Snapshot', 'Post-copy', 'Post-copy Error'] },
  {
    event: 'Stopped',
    details: ['Shutdown', 'Destroyed', 'Crashed', 'Migrated', 'Saved', 'Failed', 'Snapshot'],
  },
  { event: 'Shutdown', details: ['Finished', 'Finished after guest request', 'Finished after host request'] },
  { event: 'PMSuspended', details: ['Memory', 'Disk'] },
  { event: 'Crashed', details: ['Panicked', 'Crashloaded'] },
] as const satisfies readonly { event: string; details: readonly string[] }[];

/** What happened to a domain; an event that libvirt 9.0 does not have stays visible as "unknown (9)". */
export type LifecycleEventName = (typeof lifecycleEvents)[number]['event'] | Unnamed;

/** Names an event and its detail by the pair of numbers that libvirt sends. */
export function nameLifecycleEvent(
  code: number,
  detailCode: number,
): { event: LifecycleEventName; detail: string } {
  const entry = lifecycleEvents[code];
  const details: readonly string[] = entry?.details ?? [];
  return { event: entry?.event ?? nameAt([], code), detail: nameAt(details, detailCode) };
}
