/** Names that nobody knows: the errors of operations, with the names that the person may have meant. */
import type { Settings } from '../../settings/schema.ts';
import type { Drover } from '../drover.ts';
import { OperationFailed, OperationNotFound, WorkersSilent } from '../errors.ts';
import { didYouMean } from '../near-names.ts';
import { UsageError } from './exit.ts';

export function hostNames({ clusters }: Pick<Settings, 'clusters'>): string[] {
  return Object.values(clusters).flatMap(({ hosts }) => Object.keys(hosts));
}

/** @throws UsageError for a host that the settings do not name, with the nearest that they do */
export function checkHost(host: string, settings: Pick<Settings, 'clusters'>): void {
  const known = hostNames(settings);
  if (!known.includes(host))
    throw new UsageError(
      `the settings name no host ${host}${didYouMean(host, known) || '; drover get hosts lists them'}`,
    );
}

/** An operation that failed since it knows no such VM or host, with the nearest ones; any other error as it is. */
export async function withNearNames(
  error: unknown,
  asked: { readonly vm: string; readonly host?: string | undefined },
  drover: Drover,
  settings: Pick<Settings, 'clusters'>,
): Promise<unknown> {
  if (!(error instanceof OperationFailed)) return error;
  const near = async (): Promise<string> => {
    if (error.type === 'UnknownHost' && asked.host !== undefined)
      return didYouMean(asked.host, hostNames(settings));
    return error.type === 'UnknownVm' ? didYouMean(asked.vm, await vmNames(drover)) : '';
  };
  return new OperationFailed(error.workflowId, error.type, error.message + (await near()), error.details);
}

async function vmNames(drover: Drover): Promise<string[]> {
  try {
    const { hosts } = await drover.inventory();
    return hosts.flatMap(({ answer }) => (answer.reachable ? answer.facts.vms.map(({ name }) => name) : []));
  } catch (error) {
    // Whoever asks has an error to read already.
    if (error instanceof WorkersSilent) return [];
    throw error;
  }
}

/** An operation that nobody knows, with the nearest ones; any other error as it is. */
export async function withNearOperations(
  error: unknown,
  workflowId: string,
  drover: Drover,
): Promise<unknown> {
  if (!(error instanceof OperationNotFound)) return error;
  const others = await drover.operations({ dryRuns: true, limit: 500 });
  const ofVm = others.find(({ vm }) => vm === workflowId);
  if (ofVm)
    return new UsageError(
      `${workflowId} is a VM; its ${ofVm.status === 'RUNNING' ? 'operation' : 'last operation, which has ended,'} is ${ofVm.workflowId}`,
    );
  const near = didYouMean(
    workflowId,
    others.map((one) => one.workflowId),
  );
  return near === '' ? error : new UsageError(`no operation is called ${workflowId}${near}`);
}
