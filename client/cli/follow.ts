/** Follows an operation to its end: one live line on a terminal, plain lines elsewhere. */
import stringWidth from 'string-width';
import type { MaintainHostsStatus, MaintainHostsStep } from '../../model/maintain-hosts.ts';
import type { MigrateVmStatus, MigrateVmStep } from '../../model/migrate-vm.ts';
import type { SettleVmStatus } from '../../model/settle-vm.ts';
import type { Operation, OperationView } from '../operation.ts';
import { Detached } from './exit.ts';
import { moveLine } from './live-line.ts';
import { printable } from './printable.ts';
import { findingText } from './texts.ts';

/**
 * @returns the operation's result
 * @throws Detached when the person presses Ctrl-C: the operation goes on
 */
export async function follow<R>(operation: Operation<R>): Promise<R> {
  const line = process.stderr.isTTY ? liveLine(process.stderr) : plainLines();
  const told = new Set<string>();
  const textOf = narrator({ width: () => line.width() });
  let detach: (reason: Error) => void = () => undefined;
  const detached = new Promise<never>((_, reject) => (detach = reject));
  const onInterrupt = (): void => detach(new Detached(operation.workflowId));
  process.once('SIGINT', onInterrupt);
  try {
    await Promise.race([
      detached,
      (async () => {
        for await (const view of operation.follow()) {
          for (const warning of (moveStatus(view)?.warnings ?? [])
            .map(findingText)
            .filter((one) => !told.has(one))) {
            told.add(warning);
            line.note(warning);
          }
          const text = textOf(view);
          if (text !== undefined) line.show(printable(text), view.status?.step);
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

interface Narrated {
  readonly nowMs?: () => number;
  /** Columns for a line; undefined: as long as it is. */
  readonly width?: () => number | undefined;
}

/**
 * Says what an operation is at, view by view; undefined where there is nothing to say: it has ended, or no worker has
 * answered yet.
 */
export function narrator({ nowMs = () => performance.now(), width = () => undefined }: Narrated = {}): (
  view: OperationView,
) => string | undefined {
  let heardMs = nowMs();
  return (view) => {
    const { isRunning, progress, trouble } = view;
    if (!isRunning) return undefined;
    if (view.status) heardMs = nowMs();
    else if (nowMs() - heardMs < workerAwayMs && !trouble) return undefined;
    if (view.status && 'counts' in view.status) return maintenanceLine(view.status);
    const status = moveStatus(view);
    const way = status?.from && status.to ? `${status.from} to ${status.to}` : undefined;
    const measured = progress ?? status?.progress;
    const step = status?.step ?? 'waiting for a worker';
    const before = trouble ? ` (attempt ${trouble.attempt}, before: ${trouble.message})` : '';
    if (step === 'moving' && measured) {
      const columns = width();
      return (
        moveLine(measured, {
          ...(way === undefined ? {} : { way }),
          ...(columns === undefined ? {} : { width: columns - stringWidth(before) }),
        }) + before
      );
    }
    return `${way === undefined ? '' : `${way}: `}${waiting(step, status)}${before}`;
  };
}

/** What takes its time before there is anything to measure. */
const inWords: Readonly<Record<string, string>> = {
  waiting: 'waiting for the right to act on the VM',
  checking: 'checking everything that could stop the move',
} satisfies Partial<Record<MigrateVmStep, string>>;

/** Of an operation on one VM. */
function moveStatus({ status }: OperationView): MigrateVmStatus | SettleVmStatus | undefined {
  return status && !('counts' in status) ? status : undefined;
}

/** `emptying: 12 of 40 moved, 2 moving, 26 waiting` */
export function maintenanceLine({ step, counts, trouble }: MaintainHostsStatus): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const { moved = 0, movedBack, ...others } = counts;
  const done =
    movedBack === undefined ? `${moved} of ${all} moved` : `${movedBack} of ${movedBack + moved} back`;
  const rest = Object.entries(others).map(([verdict, count]) => `${count} ${verdict}`);
  const before = trouble ? ` (${trouble.message})` : '';
  return `${stepInWords[step] ?? step}: ${[done, ...rest].join(', ')}${before}`;
}

const stepInWords: Readonly<Record<string, string>> = {
  left: 'VMs are left, tried again',
  held: 'held, until finish',
  movingBack: 'moving back',
} satisfies Partial<Record<MaintainHostsStep, string>>;

function waiting(step: string, status: MigrateVmStatus | SettleVmStatus | undefined): string {
  const waitsFor = status?.waitsFor;
  return waitsFor === undefined ? (inWords[step] ?? step) : `${step} for ${waitsFor}`;
}

interface Line {
  /** Columns that it has. */
  width(): number | undefined;
  show(text: string, step?: string): void;
  /** What stays to be read. */
  note(text: string): void;
  end(): void;
}

function liveLine(terminal: NodeJS.WriteStream): Line {
  // The last column stays free: some terminals go on to the next line when it is written.
  const width = (): number => (terminal.columns || 80) - 1;
  return {
    width,
    show: (text) => terminal.write(`\r\u001b[K${cut(text, width())}`),
    note: (text) => terminal.write(`\r\u001b[K${text}\n`),
    end: () => void terminal.write('\r\u001b[K'),
  };
}

function cut(text: string, width: number): string {
  let shown = '';
  for (const letter of text) {
    if (stringWidth(shown + letter) > width) break;
    shown += letter;
  }
  return shown;
}

const plainLineEveryMs = 1000;

/** Each new step at once, and what changes within one at most once a second. */
export function plainLines(
  write: (line: string) => void = (line) => console.error(line),
  nowMs: () => number = () => performance.now(),
): Line {
  let last: { readonly text: string; readonly step: string | undefined; readonly atMs: number } | undefined;
  return {
    width: () => undefined,
    show: (text, step) => {
      if (last && (text === last.text || (step === last.step && nowMs() - last.atMs < plainLineEveryMs)))
        return;
      write(text);
      last = { text, step, atMs: nowMs() };
    },
    note: write,
    end: () => undefined,
  };
}
