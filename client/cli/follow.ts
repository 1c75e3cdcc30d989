/** Follows an operation to its end: one live line on a terminal, plain lines elsewhere. */
import { progressText } from '../../model/progress-text.ts';
import type { Operation, OperationView } from '../operation.ts';
import { Detached } from './exit.ts';
import { printable } from './output.ts';

/**
 * @returns the operation's result
 * @throws Detached when the person presses Ctrl-C: the operation goes on
 */
export async function follow<R>(operation: Operation<R>): Promise<R> {
  const line = process.stderr.isTTY ? liveLine() : plainLines();
  const textOf = narrator();
  let detach: (reason: Error) => void = () => undefined;
  const detached = new Promise<never>((_, reject) => (detach = reject));
  const onInterrupt = (): void => detach(new Detached(operation.workflowId));
  process.once('SIGINT', onInterrupt);
  try {
    await Promise.race([
      detached,
      (async () => {
        for await (const view of operation.follow()) {
          const text = textOf(view);
          if (text !== undefined) line.show(text);
        }
      })(),
    ]);
  } finally {
    line.end();
    process.off('SIGINT', onInterrupt);
  }
  return operation.result();
}

/** A worker is busy for a moment now and then; one that answers nothing for so long is away. */
const workerAwayMs = 3000;

/**
 * Says what an operation is at, view by view; undefined where there is nothing to say: it has ended, or no worker has
 * answered yet.
 */
export function narrator(
  nowMs: () => number = () => performance.now(),
): (view: OperationView) => string | undefined {
  let heardMs = nowMs();
  return ({ isRunning, status, progress, trouble }) => {
    if (!isRunning) return undefined;
    if (status) heardMs = nowMs();
    else if (nowMs() - heardMs < workerAwayMs && !trouble) return undefined;
    const way = status?.from && status.to ? `${status.from} to ${status.to}: ` : '';
    const measured = progress ?? status?.progress;
    const step = status?.step ?? 'waiting for a worker';
    const doing = step === 'moving' && measured ? progressText(measured) : waiting(step, status);
    return `${way}${doing}${trouble ? ` (attempt ${trouble.attempt}, before: ${trouble.message})` : ''}`;
  };
}

function waiting(step: string, status: OperationView['status']): string {
  const waitsFor = status && 'waitsFor' in status ? status.waitsFor : undefined;
  return waitsFor === undefined ? step : `${step} for ${printable(waitsFor)}`;
}

interface Line {
  show(text: string): void;
  end(): void;
}

function liveLine(): Line {
  return {
    show: (text) => {
      const width = process.stderr.columns || 80;
      process.stderr.write(`\r\u001b[K${text.slice(0, width - 1)}`);
    },
    end: () => void process.stderr.write('\r\u001b[K'),
  };
}

function plainLines(): Line {
  let last = '';
  return {
    show: (text) => {
      if (text !== last) console.error(text);
      last = text;
    },
    end: () => undefined,
  };
}
