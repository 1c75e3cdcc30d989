/** Alerts in numbers, sent as Alertmanager sends them, and looked for in Temporal afterwards. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { inLanes } from '../client/lanes.ts';
import type { ReceiverProcess } from '../test/support/receiver-process.ts';

/** Alertmanager begins with half a second between tries, and makes it longer each time. */
const firstPauseMs = 500;
const longestPauseMs = 8000;
const lanes = 64;

export interface Storm {
  /** Names its VMs, so that each storm has operations of its own. */
  readonly name: string;
  readonly alerts: number;
  /** Webhooks on their way at a time, of one alert each. */
  readonly senders: number;
  /** Begins when half of the alerts are taken. */
  readonly disturbance?: () => Promise<void>;
}

export interface Taken {
  readonly perSecond: number;
  /** From the first try of an alert to its 202: 99 of 100 take no longer. */
  readonly p99Ms: number;
  /** Tries that were answered 5xx, or not at all. */
  readonly sentAgain: number;
}

/** @throws Error for an answer that Alertmanager would not try again */
export async function send(receiver: ReceiverProcess, storm: Storm): Promise<Taken> {
  const tookMs: number[] = [];
  let sentAgain = 0;
  let disturbed: Promise<void> | undefined;
  const startedMs = performance.now();
  await inLanes(storm.senders, numbersTo(storm.alerts), async (index) => {
    const beganMs = performance.now();
    const again = await sendOne(receiver, webhookOf([alertOf(storm.name, index)]));
    sentAgain += again;
    tookMs.push(performance.now() - beganMs);
    if (tookMs.length >= storm.alerts / 2) disturbed ??= storm.disturbance?.();
  });
  const seconds = (performance.now() - startedMs) / 1000;
  await disturbed;
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    perSecond: Math.round(storm.alerts / seconds),
    p99Ms: Math.round(sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0),
    sentAgain,
  };
}

/** Tries until it is taken. @returns how often it had to be sent again */
async function sendOne(receiver: ReceiverProcess, body: string): Promise<number> {
  let waitMs = firstPauseMs;
  for (let again = 0; ; again++) {
    const answer = await receiver.post(body);
    if (answer?.status === 202) return again;
    if (answer && answer.status < 500) throw new Error(`answered ${answer.status}: ${answer.text}`);
    await pause(waitMs * (0.5 + Math.random()));
    waitMs = Math.min(longestPauseMs, waitMs * 1.5);
  }
}

/** Asks Temporal for the operation of every episode of a storm. @returns how many there are none of */
export async function countLost(address: string, { name, alerts }: Storm): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const found = await inLanes(lanes, numbersTo(alerts), async (index) => {
      const { labels, fingerprint } = alertOf(name, index);
      const handle = workflow.getHandle(`migrate-vm/${labels.vm}/alert-${fingerprint}-${startsAt}`);
      try {
        await handle.describe();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    });
    return found.filter((isThere) => !isThere).length;
  } finally {
    await connection.close();
  }
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

const startsAt = '2026-11-23T10:00:00.000Z';

export function alertOf(storm: string, index: number) {
  const vm = `${storm}-${index}`;
  return {
    status: 'firing',
    labels: { alertname: 'DroverVmStarved', host: 'host1', severity: 'warning', vm },
    annotations: {
      description: `host1 gives all the CPU it has, and ${vm} takes a large part of it (480m cores). Drover moves the VM to a host with room, if there is one.`,
      summary: `${vm} is short of CPU on host1`,
    },
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example:9090/graph?g0.expr=drover%3Avm_cpu_cores%3Arate&g0.tab=1',
    fingerprint: index.toString(16).padStart(16, '0'),
  };
}

export function webhookOf(alerts: readonly object[]): string {
  return JSON.stringify({
    version: '4',
    groupKey: '{}:{alertname="DroverVmStarved"}',
    status: 'firing',
    receiver: 'drover',
    alerts,
  });
}
