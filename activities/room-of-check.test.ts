/** What checks hold at host records: room for the moves that follow, and nothing else. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckMigrationAnswer } from './check-migration.ts';
import { StandIns, operationOf, shown, vm, type StandInWorker } from './stand-in-herd.ts';

function asked(worker: StandInWorker, name: string, to?: string): Promise<CheckMigrationAnswer> {
  return worker.check(name, { operation: operationOf(name), ...(to === undefined ? {} : { to }) });
}

/** The errors of an answer, and the reasons for which it refuses a host. */
function messagesOf(answer: CheckMigrationAnswer): string[] {
  return answer.kind === 'found'
    ? answer.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
    : [];
}
function refusalsOf(answer: CheckMigrationAnswer, host: string): string[] {
  const candidate =
    answer.kind === 'found' ? answer.placement.candidates.find((other) => other.host === host) : undefined;
  return (
    candidate?.filters.filter(({ passed }) => !passed).map(({ code, reason }) => `${code}: ${reason}`) ?? []
  );
}

// A check that chooses by load waits a second until it was measured.
describe.concurrent('a check', () => {
  test('of two workers whose checks want the last room one has it, the other is told who holds it', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [vm('app1')], host3: [vm('web2')] });
    const answers = await Promise.all([asked(herd, 'web1', 'host2'), asked(herd.worker(), 'web2', 'host2')]);
    expect(answers.map(shown)).toEqual(['host1 -> host2', 'host3 -> host2: memoryShort']);
    expect(messagesOf(answers[1])).toEqual([
      'host2 has 0 MiB free of 2048 (1024 MiB are reserved), web2 needs 1024',
    ]);
    expect(herd.records.held()).toEqual(['web1 at host2']);
  });

  test('a worker takes the next host where another has reserved the last room of the best', async () => {
    const herd = new StandIns({ host1: [vm('web1'), vm('web2')], host2: [], host3: [vm('app1')] });
    const other = herd.worker();
    // Its look is from before the others came.
    await other.check('web2', { dryRun: true });
    herd.running.get('host2')?.push(vm('app2'));
    await asked(herd, 'web1', 'host2');
    expect(shown(await asked(other, 'web2'))).toBe('host1 -> host3');
    expect(herd.records.held()).toEqual(['web1 at host2', 'web2 at host3']);
  });

  test('a closed host is passed over, and says who closed it', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('app1')] });
    herd.records.set('host2', 'maintenance', 'new fans');
    const closed = 'host2 is in maintenance since 2026-01-01T00:00:00.000Z, by maintain-hosts/1: new fans';
    const answer = await asked(herd, 'web1');
    expect(shown(answer)).toBe('host1 -> host3');
    expect(refusalsOf(answer, 'host2')).toEqual([`notActive: ${closed}`]);
    expect(herd.records.held()).toEqual(['web1 at host3']);
    const named = await asked(herd, 'web1', 'host2');
    expect(shown(named)).toBe('host1 -> host2: hostNotActive');
    expect(messagesOf(named)).toEqual([closed]);
  });

  test('the rules are kept also where records have told what they hold', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [vm('app1')], host3: [] });
    herd.rules.push({ name: 'pair', kind: 'apart', strength: 'must', vms: ['web1', 'app1'] });
    const answer = await asked(herd, 'web1', 'host2');
    expect(shown(answer)).toBe('host1 -> host2: ruleApart');
    expect(messagesOf(answer)).toEqual(['the rule pair keeps web1 apart from app1, on host2']);
    expect(shown(await asked(herd, 'web1'))).toBe('host1 -> host3');
  });

  test('a host that opens while a check looks is for the next one', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [] });
    herd.records.set('host2', 'maintenance', 'new fans');
    let turns = 0;
    herd.turn = async () => {
      if (++turns === 2) herd.records.set('host2', 'active', 'done');
    };
    expect(shown(await asked(herd, 'web1', 'host2'))).toBe('host1 -> host2: hostNotActive');
    herd.records.set('host2', 'active', 'done');
    expect(shown(await asked(herd, 'web1', 'host2'))).toBe('host1 -> host2');
  });

  test('however many hosts are closed, one that is open is chosen', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `host${at + 10}`);
    const herd = new StandIns({
      host1: [vm('web1')],
      ...Object.fromEntries(names.map((name) => [name, []])),
      host9: [vm('app1')],
    });
    for (const name of names) herd.records.set(name, 'maintenance', 'new rack');
    expect(shown(await asked(herd, 'web1'))).toBe('host1 -> host9');
  });

  test('a dry run reserves nothing, and tells a closed host and what others hold', async () => {
    const herd = new StandIns({ host1: [vm('web1'), vm('web2')], host2: [vm('app1')], host3: [vm('app2')] });
    await asked(herd, 'web2', 'host2');
    herd.records.set('host3', 'maintenance', 'new fans');
    const other = herd.worker();
    const looking = { dryRun: true, operation: operationOf('web1') };
    expect(shown(await other.check('web1', { ...looking, to: 'host2' }))).toBe('host1 -> host2: memoryShort');
    expect(shown(await other.check('web1', { ...looking, to: 'host3' }))).toBe(
      'host1 -> host3: hostNotActive',
    );
    expect(shown(await other.check('web1', looking))).toBe('host1 -> none');
    expect(herd.records.held()).toEqual(['web2 at host2']);
  });

  test('a host where the operation has failed before is not tried again, unless it is asked for, which says why', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('app1')] });
    const passOver = [{ host: 'host2', reason: 'its QEMU crashed' }];
    const answer = await herd.check('web1', { passOver });
    expect(shown(answer)).toBe('host1 -> host3');
    const why = 'the move to host2 was tried and failed: its QEMU crashed';
    expect(refusalsOf(answer, 'host2')).toEqual([`triedBefore: ${why}`]);
    const named = await herd.check('web1', { passOver, to: 'host2', operation: operationOf('web1') });
    expect(shown(named)).toBe('host1 -> host2: triedBefore');
    expect(messagesOf(named)).toEqual([why]);
    expect(herd.records.held()).toEqual([]);
  });

  test.each<[string, (herd: StandIns) => void]>([
    ['it lacks a disk', (herd) => herd.missing.set('host2', [{ kind: 'disk', name: 'vda', reason: 'none' }])],
    ['it is silent', (herd) => herd.silent.add('host2')],
    [
      'another VM has the name',
      (herd) => herd.running.set('host2', [{ ...vm('web1', 'off'), uuid: 'other' }]),
    ],
  ])('no room stays held on a host that is passed over: %s', async (_, change) => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('app1')] });
    await herd.check('web1', { dryRun: true });
    change(herd);
    expect(shown(await asked(herd, 'web1'))).toBe('host1 -> host3');
    expect(herd.records.held()).toEqual(['web1 at host3']);
    await asked(herd, 'web1', 'host2');
    expect(herd.records.held()).toEqual(['web1 at host3']);
  });

  test('a check that breaks off leaves no room held', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [] });
    herd.breaking.add('host2');
    await expect(asked(herd, 'web1')).rejects.toThrow('host2 broke off');
    expect(herd.records.held()).toEqual([]);
  });

  test('a host that is full by an old look is held, looked at, and taken where there is room now', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [vm('app1'), vm('app2')] });
    await herd.check('web1', { dryRun: true });
    herd.running.set('host2', [vm('app1')]);
    expect(shown(await asked(herd, 'web1', 'host2'))).toBe('host1 -> host2');
    expect(herd.records.held()).toEqual(['web1 at host2']);
  });

  test('the answer says how many moves each host takes at a time, and when hosts drop a silent connection', async () => {
    const herd = new StandIns({ host1: [vm('web1')], host2: [] });
    expect(await herd.check('web1')).toMatchObject({ slots: { out: 3, in: 2 }, keepaliveSeconds: 4 });
  });

  test('in whatever order checks of several workers go on, the last room of a host is promised once', async () => {
    const names = ['web1', 'web2', 'web3', 'web4', 'web5'];
    const wish = fc.record({
      name: fc.constantFrom(...names),
      to: fc.constantFrom('host2', 'host3'),
      worker: fc.nat({ max: 2 }),
    });
    const wishes = fc.uniqueArray(wish, { selector: ({ name }) => name, minLength: 2 });
    await fc.assert(
      fc.asyncProperty(wishes, fc.scheduler(), async (wanted, scheduler) => {
        const herd = new StandIns({
          host1: names.map((name) => vm(name)),
          host2: [vm('app1')],
          host3: [vm('app2')],
        });
        herd.turn = scheduler.scheduleFunction(async () => {});
        const workers = [herd.worker(), herd.worker(), herd.worker()];
        const checks = Promise.all(
          wanted.map(({ name, to, worker }) => asked(workers[worker] ?? herd, name, to)),
        );
        const answers = await scheduler.waitFor(checks);
        const promised = answers.flatMap((answer) =>
          answer.kind === 'found' && answer.to !== undefined && messagesOf(answer).length === 0
            ? [`${answer.vm.name} at ${answer.to}`]
            : [],
        );
        expect(herd.records.held()).toEqual(promised.toSorted());
        for (const host of ['host2', 'host3']) {
          const isWanted = wanted.some(({ to }) => to === host);
          expect(promised.filter((promise) => promise.endsWith(` at ${host}`))).toHaveLength(
            isWanted ? 1 : 0,
          );
        }
      }),
      { numRuns: 100 },
    );
  });
});
