/** Whether the parts of Drover answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporalTarget } from '../../settings/temporal.ts';

const answerWithinMs = 2_000;
const lookEveryMs = 200;

/** Whether the server answers and knows the namespace, which the embedded one adds last. */
export async function temporalAnswers({ connectConfig, namespace }: TemporalTarget): Promise<boolean> {
  // Late: reading the client takes a third of a second, and nobody needs it before there is a server.
  const { Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect({ ...connectConfig, connectTimeout: answerWithinMs });
    try {
      await connection.withDeadline(Date.now() + answerWithinMs, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

/** Whether anything takes connections at this address. @param address `127.0.0.1:7233` */
export async function isTaken(address: string): Promise<boolean> {
  const at = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(answerWithinMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether the page answers with success, and says what it should. */
export async function pageAnswers(url: string, says: RegExp = /(?:)/): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
    return says.test(await response.text()) && response.ok;
  } catch {
    return false;
  }
}

/**
 * Waits until `answers` does: true, or false when it did not within `limitMs` or `signal` came first.
 * @param options.stillWaiting called every ten seconds with how long it has waited
 */
export async function untilAnswers(
  answers: () => Promise<boolean>,
  {
    limitMs,
    signal,
    stillWaiting,
  }: { limitMs: number; signal: AbortSignal; stillWaiting?: (seconds: number) => void },
): Promise<boolean> {
  const startedAt = Date.now();
  let said = 0;
  while (!signal.aborted) {
    if (await answers()) return true;
    const waitedMs = Date.now() - startedAt;
    if (waitedMs >= limitMs) return false;
    if (waitedMs - said >= 10_000) {
      said = waitedMs;
      stillWaiting?.(Math.round(waitedMs / 1000));
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
  }
  return false;
}
