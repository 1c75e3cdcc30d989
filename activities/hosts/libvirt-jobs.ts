/** What libvirt reports of a migration's job, in Drover's words (virDomainGetJobStats, VIR_DOMAIN_JOB_*). */
import type { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import { LibvirtError } from './libvirt/errors.ts';

/** A job's statistics as the client reads them. */
export interface JobStats {
  readonly type: number | string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT of libvirt-domain.h. */
const migrationOut = 5;

/** The progress of an outgoing migration; undefined when no such job runs. */
export function runningProgress({ type, parameters }: JobStats): MigrationProgress | undefined {
  if (type === 0 || type === 'none') return undefined;
  if (parameters['operation'] !== undefined && Number(parameters['operation']) !== migrationOut)
    return undefined;
  const number = (name: string): number => Number(parameters[name] ?? 0);
  const bytesPerSecond = number('memory_bps');
  const remainingBytes = number('memory_remaining') + number('disk_remaining');
  const dirtyBytesPerSecond = number('memory_dirty_rate') * (number('memory_page_size') || 4096);
  const gain = bytesPerSecond - dirtyBytesPerSecond;
  // QEMU's expected-downtime: what its last look over the memory found, by the rate of now. Before it has measured how
  // fast the guest writes, it names its limit instead.
  const expectsDowntime = number('memory_iteration') > 1 && dirtyBytesPerSecond > 0;
  return {
    elapsedMs: number('time_elapsed'),
    totalBytes: number('memory_total') + number('disk_total'),
    processedBytes: number('memory_processed') + number('disk_processed'),
    remainingBytes,
    bytesPerSecond,
    dirtyBytesPerSecond,
    iteration: number('memory_iteration'),
    ...(gain > 0 ? { estimatedRestMs: Math.round((remainingBytes / gain) * 1000) } : {}),
    ...(expectsDowntime && parameters['downtime'] !== undefined
      ? { expectedDowntimeMs: number('downtime') }
      : {}),
  };
}

/**
 * Whether libvirt's "no" to a question or an order about an outgoing migration means that none runs: it ended between
 * the look and the order, the VM is off or gone, or this is the host that the VM moves to ("migration statistics are
 * available only on the source host").
 */
export function saysNoJob(error: unknown): boolean {
  return (
    error instanceof LibvirtError &&
    ['NO_DOMAIN', 'OPERATION_INVALID', 'OPERATION_UNSUPPORTED'].includes(error.codeName)
  );
}

/** The figures of a migration that has ended. */
export function finishedFigures({ parameters }: JobStats): MoveFigures {
  const number = (name: string): number | undefined =>
    parameters[name] === undefined ? undefined : Number(parameters[name]);
  const figures = {
    copyMs: number('time_elapsed'),
    downtimeMs: number('downtime'),
    copiedBytes: number('memory_processed'),
    iterations: number('memory_iteration'),
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
