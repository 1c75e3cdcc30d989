/** Runs one scenario in a cell, waits until all of it has ended and come to rest, and has it judged. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  OperationCanceled,
  OperationFailed,
  OperationNotFound,
  OperationTerminated,
} from '../../client/errors.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import { smallDatacenter, type Cell } from './cell.ts';
import { endingOf, falseClaim, type Ending } from './endings.ts';
import { FaultsAtWork } from './faults-at-work.ts';
import { postAlert, type Trigger } from './post-alert.ts';
import { inWords, type AskedOperation, type Scenario } from './scenario.ts';

/** What the referee, or the harness itself, holds against a run. */
export interface Charge {
  /** A kind of the referee's, or `falseEnding`: an operation that says of its end what is not so. */
  readonly kind: string;
  readonly message: string;
}

export interface Verdict {
  readonly scenario: Scenario;
  readonly charges: readonly Charge[];
  readonly endings: readonly Ending[];
  /** Names of the faults that found their place. */
  readonly struck: readonly string[];
  readonly tookMs: number;
}

/** An operation must have ended so long after it was asked for, whatever befell it. */
const defaultLimitMs = 60_000;
/** Late orders have come by then: nothing has been asked of any host for so long, and no migration runs. */
const quietMs = 1500;
const quietLimitMs = 20_000;
let runs = 0;

export async function runScenario(
  cell: Cell,
  scenario: Scenario,
  { limitMs = defaultLimitMs } = {},
): Promise<Verdict> {
  const began = performance.now();
  cell.simulation.reset(smallDatacenter);
  const run = `harness-${process.pid}-${++runs}`;
  const asked: { workflowId: string; vm: string }[] = [];
  const cancel = async (): Promise<void> => {
    for (const { workflowId } of asked)
      await untilReached(began + limitMs, async () => (await cell.drover()).operation(workflowId).cancel());
  };
  const faults = new FaultsAtWork(cell, scenario.faults, cancel);
  const triggers: Trigger[] = [];
  const ask = async (operation: AskedOperation, at: number): Promise<Ending | undefined> => {
    const { vm } = operation.input;
    let workflowId = `${run}/${at}`;
    if (operation.by === 'alert') {
      const trigger = await postAlert(cell, vm, workflowId, began + limitMs);
      triggers.push(trigger);
      if (!trigger.workflowId) return undefined;
      ({ workflowId } = trigger);
    } else {
      await untilReached(began + limitMs, async () =>
        (await cell.drover()).start(operation.workflow, operation.input, { workflowId, whenKnown: 'join' }),
      );
    }
    asked.push({ workflowId, vm });
    return await awaitEnding(cell, workflowId, vm, began + limitMs);
  };

  const asking = scenario.operations.map(ask);
  await faults.started();
  const endings = (await Promise.all(asking)).filter((ending) => ending !== undefined);
  const claims = scenarioHarms(faults.struck)
    ? []
    : endings.flatMap((ending) => falseClaim(ending, cell.simulation.datacenter) ?? []);
  await faults.end();
  await untilQuiet(cell);

  const convictions = cell.simulation.referee.audit({
    operations: endings.map(({ workflowId, vm, ending, restartedFromDisk }) => ({
      workflowId,
      vm,
      restartedFromDisk,
      ...(ending === undefined ? {} : { ending }),
    })),
    triggers: triggers.map(({ id, answer }) => ({ id, ...(answer ? { answer } : {}) })),
    held: await heldIn(cell),
  });
  const isClean = endings.every(({ ending }) => ending !== undefined) && convictions.length === 0;
  if (!isClean) await cell.renew();
  return {
    scenario,
    charges: [
      ...convictions.map(({ kind, message }) => ({ kind, message })),
      ...claims.map((message) => ({ kind: 'falseEnding', message })),
    ],
    endings,
    struck: faults.struck,
    tookMs: Math.round(performance.now() - began),
  };
}

/** A verdict for people: the scenario, how it ended, what is held against it. */
export function verdictInWords({ scenario, endings, struck, charges, tookMs }: Verdict): string {
  return [
    inWords(scenario),
    `  struck: ${struck.join(', ') || 'nothing'}; ${(tookMs / 1000).toFixed(1)} s`,
    ...endings.map(({ workflowId, ending, message }) => `  ${workflowId}: ${ending ?? 'no end'}: ${message}`),
    ...charges.map(({ kind, message }) => `  CONVICTED ${kind}: ${message}`),
  ].join('\n');
}

/** Faults after which a VM may well be elsewhere, or nowhere, a moment after an operation has ended. */
function scenarioHarms(struck: readonly string[]): boolean {
  const harming = ['Crashed', 'Crashes', 'personActs', 'storageLost', 'answeredWrong'];
  return struck.some((name) => harming.some((part) => name.includes(part)));
}

async function awaitEnding(cell: Cell, workflowId: string, vm: string, untilMs: number): Promise<Ending> {
  const end = untilReached(untilMs, async () => {
    try {
      return await (await cell.drover()).operation<MigrateVmResult>(workflowId).result();
    } catch (error) {
      if (isEnd(error)) return error;
      throw error;
    }
  });
  const tooLate = pause(Math.max(0, untilMs - performance.now()), undefined);
  const ended = await Promise.race([end.catch((error: Error) => error), tooLate]);
  if (ended === undefined || (ended instanceof Error && !isEnd(ended))) {
    const view = await (await cell.drover()).operation(workflowId).look();
    const trouble = view.trouble
      ? `attempt ${view.trouble.attempt}: ${view.trouble.message}`
      : 'no trouble told';
    return {
      workflowId,
      vm,
      message: `at the limit it is at "${view.status?.step}", ${trouble}`,
      restartedFromDisk: false,
    };
  }
  return endingOf(workflowId, vm, ended);
}

function isEnd(error: unknown): error is Error {
  return [OperationFailed, OperationCanceled, OperationTerminated, OperationNotFound].some(
    (kind) => error instanceof kind,
  );
}

/** Asks again, as people and machines do, while Temporal is away. */
async function untilReached<T>(untilMs: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > untilMs || isEnd(error)) throw error;
    }
    await pause(200);
  }
}

async function untilQuiet(cell: Cell): Promise<void> {
  const { datacenter } = cell.simulation;
  const untilMs = performance.now() + quietLimitMs;
  let last = datacenter.journal.written;
  let sinceMs = performance.now();
  while (performance.now() < untilMs) {
    await pause(100);
    const isMoving = [...datacenter.hosts.values()].some(({ copies }) =>
      [...copies.values()].some(({ job, isIncoming }) => job !== undefined || isIncoming),
    );
    if (datacenter.journal.written !== last || isMoving) {
      last = datacenter.journal.written;
      sinceMs = performance.now();
    }
    if (performance.now() - sinceMs >= quietMs) return;
  }
}

/** What still holds a VM though every operation has ended. */
async function heldIn(cell: Cell): Promise<string[]> {
  const drover = await cell.drover();
  const held = await Promise.all(
    smallDatacenter.vms.map(async ({ name }) => {
      const holder = await drover.holderOf(name);
      return holder ? [`${name} is held by ${holder.workflowId}`] : [];
    }),
  );
  return held.flat();
}
