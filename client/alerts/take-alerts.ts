/** What becomes of the alerts of one webhook: each starts, joins or informs an operation, or is declined with a reason. */
import { byAlert } from '../asked-by.ts';
import type { AlertAnswer } from '../../model/alerts.ts';
import type { AlertRoute } from '../../settings/schema.ts';
import { OperationNotFound } from '../errors.ts';
import type { HolderOf } from './holders.ts';
import type { HandledAs } from './metrics.ts';
import { requestOf, shown, type AlertRequest } from './routing.ts';
import type { TemporalLink } from './temporal-link.ts';
import type { Turns } from './turns.ts';
import type { WebhookAlert } from './webhook.ts';

export interface TakeOptions {
  readonly temporal: TemporalLink;
  readonly routes: readonly AlertRoute[];
  readonly holderOf: HolderOf;
  /** Shared by all webhooks: of how many VMs at a time Temporal is asked. */
  readonly turns: Turns;
  /** Nobody waits for the answer any more: what is not begun is postponed. */
  readonly signal: AbortSignal;
  readonly onHandled: (as: HandledAs) => void;
}

/** An alert that concerns an operation, at its place in the webhook. */
interface Concern {
  readonly alert: WebhookAlert;
  readonly request: AlertRequest;
  readonly at: number;
}

/**
 * Takes all alerts of a webhook: those of one VM one after another, so that the second joins what the first has started,
 * the VMs beside one another.
 * @returns the answers, in the order of the alerts
 * @throws the first error, when each alert is either handled or postponed
 */
export async function takeAlerts(
  alerts: readonly WebhookAlert[],
  options: TakeOptions,
): Promise<AlertAnswer[]> {
  const answers: AlertAnswer[] = [];
  const answer = (at: number, one: AlertAnswer): void => {
    answers[at] = one;
    options.onHandled(one.result);
  };

  const concernsOf = new Map<string, Concern[]>();
  for (const [at, alert] of alerts.entries()) {
    const request = requestOf(alert, options.routes);
    if (request.kind === 'act') {
      const concerns = concernsOf.get(request.vm) ?? [];
      concerns.push({ alert, request, at });
      concernsOf.set(request.vm, concerns);
    } else answer(at, { fingerprint: alert.fingerprint, result: request.kind, reason: request.reason });
  }

  const errors: unknown[] = [];
  const takeAllOf = async (concerns: readonly Concern[]): Promise<void> => {
    const take = takerOf(options);
    for (const { alert, request, at } of concerns) {
      try {
        options.signal.throwIfAborted();
        answer(at, { fingerprint: alert.fingerprint, ...(await take(alert, request)) });
      } catch (error) {
        errors.push(error);
        options.onHandled('postponed');
      }
    }
  };
  await Promise.all([...concernsOf.values()].map((concerns) => options.turns.run(() => takeAllOf(concerns))));
  if (errors.length > 0) throw errors[0];
  return answers;
}

type Taken = Omit<AlertAnswer, 'fingerprint'>;

/** Takes the alerts of one VM, who holds it being asked once. */
function takerOf({
  temporal,
  holderOf,
}: TakeOptions): (alert: WebhookAlert, request: AlertRequest) => Promise<Taken> {
  let holder: { readonly workflowId: string | undefined } | undefined;
  return (alert, request) =>
    temporal.use(async (drover): Promise<Taken> => {
      const workflowId = operationIdOf(alert, request);
      if (alert.status === 'resolved') {
        const notice = {
          alertname: shown(alert.labels['alertname'] ?? ''),
          at: alert.endsAt ?? new Date().toISOString(),
        };
        return resolved(workflowId, notice, () => drover.operation(workflowId).alertResolved(notice));
      }

      holder ??= { workflowId: await holderOf(drover, request.vm) };
      if (holder.workflowId !== undefined) {
        return {
          result: 'joined',
          workflowId: holder.workflowId,
          reason: `${request.vm} is being worked on already`,
        };
      }
      const { isNew } = await drover.start(request.operation, request.input, {
        workflowId,
        whenKnown: 'join',
        summary: request.input.reason ?? 'alert',
        askedBy: byAlert(alert.labels),
      });
      if (!isNew) return { result: 'joined', workflowId, reason: 'this episode of the alert started it' };
      holder = { workflowId };
      return { result: 'started', workflowId };
    });
}

/** The episode names the operation, so that every repeat of it, at any time, is the same operation. */
function operationIdOf({ fingerprint, startsAt }: WebhookAlert, { vm }: AlertRequest): string {
  return `migrate-vm/${vm}/alert-${fingerprint}-${new Date(startsAt).toISOString()}`;
}

async function resolved(
  workflowId: string,
  { alertname, at }: { readonly alertname: string; readonly at: string },
  tell: () => Promise<'told' | 'ended'>,
): Promise<Taken> {
  try {
    return (await tell()) === 'told'
      ? {
          result: 'joined',
          workflowId,
          reason: `told that ${alertname} is resolved since ${at}; it looks for itself whether to go on`,
        }
      : {
          result: 'ignored',
          workflowId,
          reason: `${alertname} is resolved, and the operation that it started has ended`,
        };
  } catch (error) {
    if (!(error instanceof OperationNotFound)) throw error;
    return {
      result: 'ignored',
      reason: `${alertname} is resolved, and this episode of it started no operation`,
    };
  }
}
