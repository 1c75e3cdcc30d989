/** How the CLI ends: one code for each kind of end, and one message that says what to do. */
import type { FailureType } from '../../model/failures.ts';
import { SettingsError } from '../../settings/read.ts';
import type { TemporalConfigError } from '../../settings/temporal.ts';
import {
  OperationCanceled,
  OperationFailed,
  OperationNotFound,
  OperationTerminated,
  TemporalUnreachable,
  WorkersSilent,
} from '../errors.ts';
import { exitCodes } from './exit-codes.ts';
import { printable } from './printable.ts';

/** A mistake in what was typed, or in what was asked for. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A dry run that found that the operation can't be done. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Ctrl-C on a followed operation: it goes on, the CLI does not. */
export class Detached extends Error {
  override readonly name = 'Detached';

  constructor(workflowId: string) {
    super(
      `detached: the operation goes on. Watch on with: drover watch ${workflowId}\nEnd it with: drover cancel ${workflowId}`,
    );
  }
}

/** What an operation finds wrong with what was asked, as other verbs find it before they ask anyone. */
const mistakes: readonly string[] = ['InvalidInput', 'UnknownVm', 'UnknownHost'] satisfies FailureType[];
const refusals: readonly string[] = ['VmBusy', 'CheckFailed', 'NoHostFits'] satisfies FailureType[];

export function exitCodeOf(error: unknown): number {
  if (error instanceof Detached) return exitCodes.interrupted;
  if (error instanceof UsageError || error instanceof SettingsError || isTemporalConfigError(error))
    return exitCodes.usage;
  if (error instanceof OperationNotFound) return exitCodes.usage;
  if (error instanceof TemporalUnreachable || error instanceof WorkersSilent) return exitCodes.unreachable;
  if (error instanceof Refused) return exitCodes.refused;
  if (error instanceof OperationFailed && error.type) {
    if (mistakes.includes(error.type)) return exitCodes.usage;
    if (refusals.includes(error.type)) return exitCodes.refused;
  }
  return exitCodes.failed;
}

/** By its name: whoever loads the class loads Temporal's client, and a verb may do without. */
function isTemporalConfigError(error: unknown): error is TemporalConfigError {
  return (
    error instanceof Error && error.name === ('TemporalConfigError' satisfies TemporalConfigError['name'])
  );
}

/**
 * @param settings the file that was given by --settings: what the message proposes to type has it too
 */
export function messageFor(error: unknown, debug: boolean, settings?: string): string {
  const message = messageOf(error, debug);
  if (settings === undefined || !proposals.some((kind) => error instanceof kind)) return message;
  const quoted = /^[\w./-]+$/.test(settings) ? settings : `'${settings.replaceAll("'", `'\\''`)}'`;
  return message.replaceAll(
    /\bdrover (?=(?:up|get|describe|watch|cancel|settle)\b)/g,
    `drover -s ${printable(quoted)} `,
  );
}

/** Errors whose messages end with a command of ours. */
const proposals = [TemporalUnreachable, WorkersSilent, OperationNotFound, OperationTerminated, Detached];

function messageOf(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message;
  if (error instanceof OperationCanceled) return printable(error.message);
  if (error instanceof Detached) return error.message;
  if (error instanceof SettingsError) return `error: the settings can't be used\n${error.message}`;
  if (error instanceof OperationFailed)
    return `error: ${printable(error.message)}${error.type ? ` [${error.type}]` : ''}`;
  return `error: ${(error instanceof Error ? error.message : String(error)).split('\n').map(printable).join('\n')}`;
}
