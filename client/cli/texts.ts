/** Results as people read them. */
import type { Finding, MigrateVmResult } from '../../model/migrate-vm.ts';
import type { MaintainHostsResult } from '../../model/maintain-hosts.ts';
import type { SettleVmResult } from '../../model/settle-vm.ts';
import type { OperationView } from '../operation.ts';
import { sizeText } from './live-line.ts';
import { tableOf } from './output.ts';
import { printable } from './printable.ts';

/** What a move measured, as oVirt reports it: VM, source, target, duration, data, actual downtime. */
export function resultText(result: MigrateVmResult): string {
  return [
    ...result.findings.map(findingText),
    ...(result.outcome === 'moved' ? [reportText(result)] : []),
    printable(result.message),
  ].join('\n');
}

/** Of a move that an alert began; undefined: the alert goes on, or there was none. */
export function alertOverText(status: NonNullable<OperationView['status']>): string | undefined {
  if (!('alertResolvedAt' in status) || status.alertResolvedAt === undefined) return undefined;
  return `resolved since ${printable(status.alertResolvedAt)}; the move goes on`;
}

function reportText({ vm, from, to, reason, wholeMs, figures }: MigrateVmResult): string {
  const { copyMs, copiedBytes, iterations, downtimeMs, standstillMs } = figures;
  const rows: Readonly<Record<string, string | undefined>> = {
    VM: vm,
    source: from,
    target: to,
    duration: seconds(wholeMs) + (copyMs === undefined ? '' : `, of which ${seconds(copyMs)} to copy`),
    copied: copiedBytes === undefined ? undefined : sizeText(copiedBytes),
    rate: copiedBytes && copyMs ? `${sizeText((copiedBytes * 1000) / copyMs)}/s` : undefined,
    passes: iterations?.toString(),
    downtime:
      downtimeMs === undefined
        ? undefined
        : `${milliseconds(downtimeMs)} by QEMU's count` +
          (standstillMs === undefined
            ? ''
            : `; ${milliseconds(standstillMs)} from the halt until it ran at the target, by the worker's clock`),
    reason,
  };
  return tableOf(
    Object.entries(rows).flatMap(([name, value]) => (value === undefined ? [] : [[`  ${name}`, value]])),
  );
}

/** The end of any operation. */
export function endText(result: MigrateVmResult | SettleVmResult | MaintainHostsResult): string {
  if ('vms' in result) return maintenanceText(result);
  return 'findings' in result ? resultText(result) : printable(result.message);
}

/** Each VM with its verdict, then what became of the whole. */
export function maintenanceText({ vms, moves, warnings, message }: MaintainHostsResult): string {
  const planned = new Map(moves?.map((move) => [move.vm, move]));
  const rows = vms.map(({ vm, verdict, from, to, reason, makesRoomFor }) => [
    vm,
    planned.has(vm) ? 'would move' : verdict,
    from,
    to ?? planned.get(vm)?.to ?? '',
    makesRoomFor ? `makes room for ${makesRoomFor.join(', ')}` : (reason ?? ''),
  ]);
  return [
    ...(rows.length === 0 ? [] : [tableOf([['VM', 'VERDICT', 'FROM', 'TO', 'WHY'], ...rows])]),
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    printable(message),
  ].join('\n');
}

export function findingText({ severity, code, message }: Finding): string {
  return `${severity}: ${printable(message)} [${code}]`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
