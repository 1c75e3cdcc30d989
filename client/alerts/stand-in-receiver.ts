/** A receiver for tests, before a Drover that keeps what was started. */
import { expect } from 'vitest';
import type { AlertAnswer } from '../../model/alerts.ts';
import type { AlertRoute } from '../../settings/schema.ts';
import { temporalTarget } from '../../settings/temporal.ts';
import type { Drover } from '../drover.ts';
import { OperationNotFound, TemporalUnreachable, WorkersSilent } from '../errors.ts';
import type { Standing } from '../standing.ts';
import type { MostInHand } from './in-hand.ts';
import { createAlertMetrics } from './metrics.ts';
import { createReceiver } from './receiver.ts';

export const token = 'a-token';
export const target = temporalTarget(
  { temporal: { embedded: { port: 7233, uiPort: 8233 }, retentionDays: 30 } },
  { HOME: '/nowhere' },
);

export const standing: Standing = {
  running: 3,
  vms: 40,
  vmsInDoubt: 1,
  hosts: { active: 4, maintenance: 1, failed: 0, fenced: 0 },
};

interface Started {
  readonly name: string;
  readonly input: unknown;
  readonly workflowId: string;
}

/** A receiver before a Drover that keeps what was started, and knows an id that came before. */
export function receiver({
  routes = [],
  held = {},
  unreachable = false,
  areWorkersSilent = false,
  ended = [],
  mostInHand,
  beforeStart = () => Promise.resolve(),
  token: readToken = () => token,
}: {
  routes?: readonly AlertRoute[];
  /** The operation that holds each VM. */
  held?: Readonly<Record<string, string>>;
  unreachable?: boolean;
  areWorkersSilent?: boolean;
  /** Operations that have ended. */
  ended?: readonly string[];
  mostInHand?: MostInHand;
  /** What a start waits for, or fails of. */
  beforeStart?: (vm: string) => Promise<void>;
  token?: () => string;
} = {}) {
  const started: Started[] = [];
  const told: { workflowId: string; notice: unknown }[] = [];
  const logged: string[] = [];
  const asked: string[] = [];
  const drover = {
    holderOf: (vm: string) => {
      asked.push(vm);
      if (areWorkersSilent) return Promise.reject(new WorkersSilent(2000));
      return Promise.resolve(held[vm] ? { workflowId: held[vm] } : undefined);
    },
    start: async (
      name: string,
      input: unknown,
      { workflowId = '', whenKnown }: { workflowId?: string; whenKnown?: string },
    ) => {
      await beforeStart((input as { vm: string }).vm);
      const isNew = !started.some((one) => one.workflowId === workflowId);
      if (!isNew && whenKnown !== 'join') throw new Error(`${workflowId} is known`);
      if (isNew) started.push({ name, input, workflowId });
      return { workflowId, isNew };
    },
    operation: (workflowId: string) => ({
      alertResolved: (notice: unknown) => {
        if (ended.includes(workflowId)) return Promise.resolve('ended');
        if (!started.some((one) => one.workflowId === workflowId))
          return Promise.reject(new OperationNotFound(workflowId));
        told.push({ workflowId, notice });
        return Promise.resolve('told');
      },
    }),
    ping: () => Promise.resolve(),
  };
  const app = createReceiver({
    drover: () =>
      unreachable
        ? Promise.reject(new TemporalUnreachable(target, new Error('connection refused')))
        : Promise.resolve(drover as unknown as Drover),
    token: readToken,
    tokenKey: 'alerts.tokenEnv',
    routes,
    metrics: createAlertMetrics({
      version: '1.2.3',
      standing: () => (unreachable ? Promise.reject(new Error('away')) : Promise.resolve(standing)),
    }),
    log: (line) => void logged.push(line),
    ...(mostInHand ? { mostInHand } : {}),
  });
  const post = async (
    body: string,
    {
      authorization = `Bearer ${token}`,
      signal,
    }: { authorization?: string | undefined; signal?: AbortSignal } = {},
  ): Promise<Response> =>
    app.request('/alerts', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...(authorization ? { authorization } : {}),
      },
      ...(signal ? { signal } : {}),
    });
  const take = async (...alerts: object[]): Promise<AlertAnswer[]> => {
    const response = await post(webhook(...alerts));
    expect(response.status).toBe(202);
    return ((await response.json()) as { alerts: AlertAnswer[] }).alerts;
  };
  const metric = async (line: string): Promise<number> => {
    const text = await (await app.request('/metrics')).text();
    const found = text.split('\n').find((one) => one.startsWith(`${line} `));
    if (found === undefined) throw new Error(`no metric ${line} in:\n${text}`);
    return Number(found.slice(line.length));
  };
  return { app, post, take, metric, started, asked, told, logged };
}

export function webhook(...alerts: object[]): string {
  return JSON.stringify({ version: '4', groupKey: '{}:{}', status: 'firing', receiver: 'drover', alerts });
}

export function alert({
  labels = {},
  ...rest
}: { labels?: Record<string, string> } & Record<string, unknown> = {}) {
  return {
    status: 'firing',
    labels: { alertname: 'DroverVmStarved', vm: 'web1', host: 'host1', ...labels },
    annotations: { summary: 'web1 is short of CPU on host1' },
    startsAt: '2026-11-23T10:00:00.5Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: 'c0ffee0123456789',
    ...rest,
  };
}

export const errorOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: string }).error;
