/** Which operation an alert asks for: Drover's own alerts by contract, all others by the settings. */
import type { MigrateVmInput } from '../../model/migrate-vm.ts';
import { operationInputs, type OperationName } from '../../model/operations.ts';
import { plainIssue } from '../../model/plain-issue.ts';
import type { AlertRoute } from '../../settings/schema.ts';
import type { WebhookAlert } from './webhook.ts';

/** An operation that an alert starts, or where it is resolved informs. */
export interface AlertRequest {
  readonly kind: 'act';
  readonly operation: OperationName;
  readonly input: MigrateVmInput;
  /** What an operation under way must act on to be joined. */
  readonly vm: string;
}

/** Why an alert starts nothing: `ignored` when it asks for nothing, `refused` when what it asks for can't be. */
export interface AlertDeclined {
  readonly kind: 'ignored' | 'refused';
  readonly reason: string;
}

/** The settings' own routes for Drover's alerts; a route of the site for the same name comes first. */
const contract: readonly AlertRoute[] = [
  {
    alertname: 'DroverVmStarved',
    labels: {},
    workflow: 'migrateVm',
    input: { vm: '{vm}', onlyIfStarved: true, rank: 'balance' },
  },
];

/** Labels are hints from outside: they only fill an input that is checked like any other. */
export function requestOf(alert: WebhookAlert, routes: readonly AlertRoute[]): AlertRequest | AlertDeclined {
  const name = alert.labels['alertname'] ?? '';
  const route = [...routes, ...contract].find(
    ({ alertname, labels }) =>
      alertname === name && Object.entries(labels).every(([label, value]) => alert.labels[label] === value),
  );
  if (!route)
    return {
      kind: 'ignored',
      reason: `no operation belongs to the alert ${shown(name)}: map it under alerts.routes`,
    };

  const missing: string[] = [];
  const filled = Object.fromEntries(
    Object.entries(route.input).map(([key, value]) => [
      key,
      typeof value === 'string' ? fill(value, alert.labels, missing) : value,
    ]),
  );
  if (missing.length > 0) return declined(alert, `${shown(name)} has no label ${missing.join(', ')}`);
  const reason = `alert ${name}: ${alert.annotations['summary'] ?? alert.annotations['description'] ?? 'no summary'}`;
  const parsed = operationInputs[route.workflow].safeParse({ reason: reason.slice(0, 500), ...filled });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${plainIssue(issue)}`);
    return declined(
      alert,
      `${shown(name)} asks for ${route.workflow} with ${shown(JSON.stringify(filled))}: ${problems.join('; ')}`,
    );
  }
  return { kind: 'act', operation: route.workflow, input: parsed.data, vm: parsed.data.vm };
}

/** One that fires is refused; when it is resolved there is nothing left that could be. */
function declined({ status }: WebhookAlert, reason: string): AlertDeclined {
  return status === 'firing'
    ? { kind: 'refused', reason }
    : { kind: 'ignored', reason: `resolved, and nothing was started for it: ${reason}` };
}

function fill(template: string, labels: Readonly<Record<string, string>>, missing: string[]): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, label: string) => {
    const value = labels[label];
    if (value === undefined) missing.push(label);
    return value ?? '';
  });
}

/** Text from outside, short and on one line; the answer that carries it is JSON, which escapes it. */
export function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
