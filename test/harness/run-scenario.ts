/** Runs one scenario in a cell, waits until all of it has ended and come to rest, and has it judged. */
import { heldIn, untilQuiet } from './at-rest.ts';
import { awaitEnding, untilReached } from './await-ending.ts';
import { smallDatacenter, type Cell } from './cell.ts';
import { falseAlarm, falseClaim, lying, struckOne, type Ending } from './endings.ts';
import { FaultsAtWork } from './faults-at-work.ts';
import { postAlert, type Trigger } from './post-alert.ts';
import type { AskedOperation, Scenario } from './scenario.ts';
import type { Charge, Verdict } from './verdict.ts';

/** An operation must have ended so long after it was asked for, whatever befell it. */
const defaultLimitMs = 60_000;
let runs = 0;

export async function runScenario(
  cell: Cell,
  scenario: Scenario,
  { limitMs = defaultLimitMs } = {},
): Promise<Verdict> {
  const began = performance.now();
  cell.simulation.reset(smallDatacenter);
  const logFrom = cell.log.end;
  cell.takeDeaths();
  const run = `harness-${process.pid}-${++runs}`;
  const asked: { workflowId: string; vm: string }[] = [];
  const cancel = async (): Promise<void> => {
    for (const { workflowId } of asked)
      await untilReached(began + limitMs, async () => (await cell.drover()).operation(workflowId).cancel());
  };
  const faults = new FaultsAtWork(cell, scenario.faults, cancel);
  const triggers: Trigger[] = [];
  const denied: string[] = [];
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
    const ending = await awaitEnding(cell, workflowId, vm, began + limitMs);
    // What it claims is so now, or never was: another operation may move the VM on.
    const denial = falseClaim(ending, cell.simulation.datacenter, faults.struck);
    if (denial !== undefined) denied.push(denial);
    return ending;
  };

  const asking = scenario.operations.map(ask);
  await faults.started();
  const endings = (await Promise.all(asking)).filter((ending) => ending !== undefined);
  await faults.end();
  const unrest = await untilQuiet(cell.simulation.datacenter);
  const { held, inDoubt } = await heldIn(cell);
  const undoubted = inDoubt.filter(
    (name) => !endings.some(({ vm, ending }) => vm === name && ending === 'failed: NeedsOperator'),
  );

  const convictions = cell.simulation.referee.audit({
    operations: endings.map(({ workflowId, vm, ending, restartedFromDisk }) => ({
      workflowId,
      vm,
      restartedFromDisk,
      ...(ending === undefined ? {} : { ending }),
    })),
    triggers: [...triggers],
    held: [...held, ...undoubted.map((name) => `${name} is in doubt, and no operation says so`)],
  });
  const falseAlarms = endings.flatMap(
    (ending) => falseAlarm(ending, cell.simulation.datacenter, faults.struck) ?? [],
  );
  // Who is told that nothing is there leaves it there.
  const isExcused = (kind: string): boolean => kind === 'leftover' && struckOne(faults.struck, lying);
  const charges: Charge[] = [
    ...convictions.filter(({ kind }) => !isExcused(kind)).map(({ kind, message }) => ({ kind, message })),
    ...[...denied, ...falseAlarms].map((message) => ({ kind: 'falseEnding', message })),
    ...(unrest === undefined ? [] : [{ kind: 'notAtRest', message: unrest }]),
    ...cell.takeDeaths().map((message) => ({ kind: 'workerDied', message })),
  ];
  if (charges.length > 0 || inDoubt.length > 0 || endings.some(({ ending }) => ending === undefined))
    await cell.renew();
  return {
    scenario,
    charges,
    endings,
    struck: faults.struck,
    activities: [...faults.activities],
    tookMs: Math.round(performance.now() - began),
    ...(charges.length > 0 ? { log: cell.log.tail(logFrom) } : {}),
  };
}
