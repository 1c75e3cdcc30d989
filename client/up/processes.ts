/** What `drover up` runs, by the settings: each part is a process that can also be run alone, under systemd say. */
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../settings/schema.ts';
import type { TemporalTarget } from '../../settings/temporal.ts';
import { pageAnswers, temporalAnswers } from './readiness.ts';
import type { ProcessToRun } from './supervisor.ts';

/** One part of Drover. */
export interface Part extends ProcessToRun {
  /** `temporal` is started before the others and ended after them. */
  readonly name: string;
  readonly answers: () => Promise<boolean>;
  /** What it offers, for people: a label and an address each. */
  readonly addresses: readonly (readonly [label: string, address: string])[];
}

/** The name of the embedded server's part. */
export const temporalPart = 'temporal';

/** The page of metrics is there seconds before the worker is: it takes work from the moment it polls for it. */
const pollsForWorkflows = /^temporal_num_pollers\{[^}]*poller_type="workflow_task"[^}]*\} [1-9]/m;

/** The parts that these settings ask for, in the order of their start. */
export function partsOf(settings: Settings, settingsFile: string, target: TemporalTarget): Part[] {
  const node = (path: string): Pick<Part, 'command' | 'args'> => ({
    command: process.execPath,
    args: [fileURLToPath(new URL(`../../${path}`, import.meta.url)), '--settings', settingsFile],
  });
  const parts: Part[] = [];
  if (target.kind === 'embedded') {
    parts.push({
      name: temporalPart,
      ...node('worker/temporal-server/main.ts'),
      answers: () => temporalAnswers(target),
      addresses: [
        ['Temporal', target.address],
        ...(target.uiUrl ? [['Temporal UI', target.uiUrl] as const] : []),
      ],
    });
  }
  const metrics = `http://${settings.metrics.worker}/metrics`;
  parts.push({
    name: 'worker',
    ...node('worker/main.ts'),
    answers: () => pageAnswers(metrics, pollsForWorkflows),
    addresses: [['metrics', metrics]],
  });
  if (settings.alerts) {
    const receiver = `http://${settings.alerts.listen}`;
    parts.push({
      name: 'alerts',
      ...node('client/alerts/main.ts'),
      answers: () => pageAnswers(`${receiver}/readyz`),
      addresses: [['alerts', `${receiver}/alerts`]],
    });
  }
  const endpoint = settings.temporal.codec?.endpoint;
  if (endpoint) {
    const address = `http://${endpoint.listen}`;
    parts.push({
      name: 'codec',
      ...node('client/codec/main.ts'),
      answers: () => pageAnswers(`${address}/healthz`),
      addresses: [['codec endpoint of the Temporal UI', `${address}/TOKEN`]],
    });
  }
  return parts;
}
