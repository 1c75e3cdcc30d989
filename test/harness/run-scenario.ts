/** Runs one scenario in a cell, waits until all of it has ended and come to rest, and has it judged. */
import { heldIn, untilQuiet } from './at-rest.ts';
import type { Cell } from './cell.ts';
import { datacenters } from './datacenters.ts';
import { falseAlarm, lying, struckOne, type Ending } from './endings.ts';
import { FaultsAtWork } from './faults-at-work.ts';
import { Operations } from './operations.ts';
import type { Scenario } from './scenario.ts';
import { beyondSlots } from './slots.ts';
import type { Charge, Verdict } from './verdict.ts';

/** An operation must have ended so long after it was asked for, whatever befell it. */
const defaultLimitMs = 60_000;
/** Records find out so soon that an operation was terminated, by `budgets.ts`; a busy machine takes longer. */
const foundOutMs = 20_000;
let runs = 0;

export async function runScenario(
  cell: Cell,
  scenario: Scenario,
  { limitMs = defaultLimitMs } = {},
): Promise<Verdict> {
  const began = performance.now();
  const spec = datacenters[scenario.datacenter ?? 'small'];
  const vms = spec.vms.map(({ name }) => name);
  cell.simulation.reset(spec);
  const logFrom = cell.log.end;
  cell.takeDeaths();
  const operations = new Operations(cell, {
    run: `harness-${process.pid}-${++runs}`,
    vms,
    untilMs: began + limitMs,
    struck: () => faults.struck,
  });
  const faults = new FaultsAtWork(cell, scenario.faults, operations);
  const { datacenter, referee } = cell.simulation;
  const alarms = (of: readonly Ending[]): string[] =>
    of.flatMap((ending) => falseAlarm(ending, datacenter, faults.struck) ?? []);

  await faults.strikeAll('before');
  const asked = scenario.operations.map((operation) => operations.ask(operation));
  await faults.strikeAll('start');
  await Promise.all(asked);
  const ended = await operations.endings();
  await faults.end();
  const unrest = await untilQuiet(datacenter);
  const falseAlarms = alarms(ended);
  // What was in doubt can be found out now that every host answers; what can't is a person's.
  const doubted = await heldIn(cell, spec, operations.hasTerminated ? { limitMs: foundOutMs } : {});
  const settles = await operations.settleAfterwards(doubted.inDoubt);
  const { held, inDoubt } = doubted.inDoubt.length > 0 ? await heldIn(cell, spec) : doubted;
  falseAlarms.push(...alarms(settles));
  const endings = [...ended, ...settles];
  const undoubted = inDoubt.filter(
    (name) => !endings.some(({ vm, ending }) => vm === name && ending === 'failed: NeedsOperator'),
  );

  const convictions = referee.audit({
    operations: endings.map(({ workflow, workflowId, vm, ending, restartedFromDisk }) => ({
      workflowId,
      restartedFromDisk,
      ...(workflow === 'maintainHosts' ? {} : { vm }),
      ...(ending === undefined ? {} : { ending }),
    })),
    triggers: operations.triggers,
    held: [...held, ...undoubted.map((name) => `${name} is in doubt, and no operation says so`)],
  });
  // Who is told that nothing is there leaves it there.
  const isExcused = (kind: string): boolean => kind === 'leftover' && struckOne(faults.struck, lying);
  // A migration whose operation was terminated goes on when its slots are known to be free.
  const charges: Charge[] = [
    ...convictions.filter(({ kind }) => !isExcused(kind)).map(({ kind, message }) => ({ kind, message })),
    ...[...operations.denied, ...falseAlarms].map((message) => ({ kind: 'falseEnding', message })),
    ...(operations.hasTerminated
      ? []
      : beyondSlots(datacenter.journal.entries).map((message) => ({ kind: 'beyondSlots', message }))),
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
