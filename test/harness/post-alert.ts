/** A trigger of the harness: an alert, posted as Alertmanager posts it, again and again until it is taken. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { AlertResult } from '../../model/alerts.ts';
import type { Cell } from './cell.ts';

export interface Trigger {
  readonly id: string;
  readonly answer?: AlertResult;
  readonly workflowId?: string;
}

const Answer = z.object({
  alerts: z.array(
    z.object({
      result: z.enum(['started', 'joined', 'ignored', 'refused']),
      workflowId: z.string().optional(),
    }),
  ),
});

/** @param id makes the episode: another one for each run */
export async function postAlert(cell: Cell, vm: string, id: string, untilMs: number): Promise<Trigger> {
  const alert = {
    status: 'firing',
    labels: { alertname: 'DroverVmStarved', vm, run: id },
    annotations: {},
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: Buffer.from(id).toString('hex').slice(-16).padStart(16, '0'),
  };
  const body = JSON.stringify({
    version: '4',
    receiver: 'drover',
    status: 'firing',
    groupKey: '{}',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
    truncatedAlerts: 0,
    alerts: [alert],
  });
  while (performance.now() < untilMs) {
    const answer = await post(cell, body);
    if (answer)
      return { id, answer: answer.result, ...(answer.workflowId ? { workflowId: answer.workflowId } : {}) };
    await pause(500);
  }
  return { id };
}

/** Undefined where Alertmanager would try again: no connection, or a 5xx. */
async function post(cell: Cell, body: string): Promise<z.infer<typeof Answer>['alerts'][number] | undefined> {
  let response: Response;
  try {
    response = await fetch(cell.alertsUrl, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${cell.alertToken}` },
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    return undefined;
  }
  if (response.status >= 500) return undefined;
  const text = await response.text();
  if (response.status !== 202) throw new Error(`the alert receiver answered ${response.status}: ${text}`);
  return Answer.parse(JSON.parse(text)).alerts[0];
}
