import { expect, test } from 'vitest';
import type { ReportedVm } from '../model/inventory.ts';
import type { CheckMigrationRequest } from './check-migration.ts';
import { StandIns, codesOf, shown, vm } from './stand-in-herd.ts';

test('checks of one moment share one look, and ask again only the source and the target', async () => {
  const herd = new StandIns({ host1: [vm('web1'), vm('web2')], host2: [], host3: [] });
  await herd.check('web1', { to: 'host2', dryRun: true });
  const before = herd.asked.report;
  expect(before).toBe(3 + 2);
  await Promise.all(['web1', 'web2'].map((name) => herd.check(name, { to: 'host2', dryRun: true })));
  expect(herd.asked.report - before).toBe(2 * 2);
});

test('the CPU of hosts that are known is not compared again, but for that of the target', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [], host4: [] });
  await herd.check('web1', { to: 'host2', dryRun: true });
  expect(herd.asked.cpu).toBe(3 + 1);
  herd.otherCpu.add('host2');
  expect(shown(await herd.check('web1', { to: 'host2', dryRun: true }))).toBe(
    'host1 -> host2: cpuIncompatible',
  );
  expect(herd.asked.cpu).toBe(3 + 1 + 2);
});

test('a VM that moved since the look is found where it is', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [] });
  await herd.check('web1', { to: 'host2', dryRun: true });
  herd.move('web1', 'host1', 'host3');
  expect(shown(await herd.check('web1', { to: 'host2' }))).toBe('host3 -> host2');
});

test('a VM that came since the look is found; one that no host has is elsewhere', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [] });
  await herd.check('web1', { to: 'host2', dryRun: true });
  herd.running.get('host1')?.push(vm('web2'));
  expect(shown(await herd.check('web2', { to: 'host2', dryRun: true }))).toBe('host1 -> host2');
  expect(shown(await herd.check('web3', { to: 'host2', dryRun: true }))).toBe('elsewhere');
});

test('a VM that was on its way when the look was taken is found where it arrived', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('web1', 'migratingIn')] });
  await herd.check('web1', { to: 'host2', dryRun: true });
  herd.running.set('host1', []).set('host3', [vm('web1')]);
  expect(shown(await herd.check('web1', { to: 'host2', dryRun: true }))).toBe('host3 -> host2');
});

test('what a move left behind, and is gone by now, is no second copy', async () => {
  const herd = new StandIns({ host1: [vm('web1', 'off')], host2: [vm('web1')], host3: [] });
  expect(shown(await herd.check('web1', { to: 'host3', dryRun: true }))).toBe(
    'host2 -> host3: severalCopies',
  );
  herd.running.set('host1', []);
  expect(shown(await herd.check('web1', { to: 'host3', dryRun: true }))).toBe('host2 -> host3');
});

test('a VM that was to leave a host where it is no longer is left alone', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [] });
  expect(shown(await herd.check('web1', { onlyFrom: ['host1'] }))).toBe('host1 -> host2');
  const answer = await herd.check('web1', { onlyFrom: ['host2', 'host3'], to: 'host2' });
  expect(answer).toMatchObject({
    findings: [
      {
        code: 'leftAlready',
        severity: 'warning',
        message: 'web1 is on host1, and was to leave host2, host3',
      },
    ],
  });
});

test('VMs that move together break no rule that keeps them so', async () => {
  const herd = new StandIns({ host1: [vm('web1'), vm('app1')], host2: [] });
  herd.rules.push({ name: 'pair', kind: 'together', strength: 'must', vms: ['web1', 'app1'] });
  expect(shown(await herd.check('web1', { to: 'host2' }))).toBe('host1 -> host2: ruleTogether');
  expect(shown(await herd.check('web1', { to: 'host2', movesWith: ['app1'] }))).toBe('host1 -> host2');
});

test('a target that was filled since the look is refused, or another is chosen', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('app1')] });
  expect(shown(await herd.check('web1', { dryRun: true }))).toBe('host1 -> host2');
  herd.running.get('host2')?.push(vm('db1'), vm('db2'));
  expect(shown(await herd.check('web1', { dryRun: true }))).toBe('host1 -> host3');
  expect(shown(await herd.check('web1', { to: 'host2', dryRun: true }))).toBe('host1 -> host2: memoryShort');
});

test('a target that fell silent since the look is refused, or another is chosen', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [vm('app1')] });
  expect(shown(await herd.check('web1', { dryRun: true }))).toBe('host1 -> host2');
  herd.silent.add('host2');
  expect(shown(await herd.check('web1', { dryRun: true }))).toBe('host1 -> host3');
  expect(shown(await herd.check('web1', { to: 'host2', dryRun: true }))).toBe(
    'host1 -> host2: hostUnreachable',
  );
});

test('however many hosts fell silent since the look, one that answers is chosen', async () => {
  const gone = ['host2', 'host3', 'host4', 'host5', 'host6'];
  const herd = new StandIns({
    host1: [vm('web1')],
    ...Object.fromEntries(gone.map((name) => [name, []])),
    host7: [vm('app1')],
  });
  await herd.check('web1', { dryRun: true });
  for (const name of gone) herd.silent.add(name);
  expect(shown(await herd.check('web1', { dryRun: true }))).toBe('host1 -> host7');
});

test('checks of one moment do not fill a host beyond its memory', async () => {
  const herd = new StandIns({ host1: [vm('web1'), vm('web2')], host2: [vm('app1')], host3: [vm('app2')] });
  const answers = await Promise.all(['web1', 'web2'].map((name) => herd.check(name)));
  expect(answers.map(shown).toSorted()).toEqual(['host1 -> host2', 'host1 -> host3']);
  expect(shown(await herd.check('app1', { to: 'host3' }))).toBe('host2 -> host3: memoryShort');
});

test('the host that it is on is refused for that alone', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [] });
  expect(shown(await herd.check('web1', { to: 'host1', dryRun: true }))).toBe('host1 -> host1: sameHost');
});

test.each<[string, Partial<ReportedVm>, Partial<CheckMigrationRequest>]>([
  ['the VM itself can not be moved', { state: 'paused' }, {}],
  ['it is not starved', { cpuSeconds: 1 }, { onlyIfStarved: true }],
  ['a warning stops it, as was asked for', { persistent: false }, { acceptWarnings: false }],
])('no room is held for a move that will not be: %s', async (_, of, request) => {
  const herd = new StandIns({ host1: [{ ...vm('web1'), ...of }, vm('web2')], host2: [vm('app1')] });
  expect(await herd.check('web1', request)).toMatchObject({ to: 'host2' });
  expect(shown(await herd.check('web2', { to: 'host2' }))).toBe('host1 -> host2');
});

test('a host that was passed over is explained by what it said of itself', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [], host3: [], host4: [] });
  const otherWeb1 = { ...vm('web1', 'off'), uuid: 'uuid-other' };
  herd.running.set('host2', [otherWeb1]);
  herd.missing.set('host3', [{ kind: 'disk', name: 'vda', reason: 'no such file' }]);
  herd.missing.set('host4', [{ kind: 'network', name: 'br0', reason: 'no such bridge' }]);
  const answer = await herd.check('web1', { dryRun: true });
  const codes =
    answer.kind === 'found'
      ? answer.placement.candidates.map(({ host, filters }) => [
          host,
          ...filters.filter(({ passed }) => !passed).map(({ code }) => code),
        ])
      : [];
  expect(Object.fromEntries(codes.map(([host, ...rest]) => [host, rest]))).toMatchObject({
    host2: ['nameTaken'],
    host3: ['storageUnreachable'],
    host4: ['networkMissing'],
  });
});

test('a chosen host that is no better is warned of with both scores, and not moved to for want of CPU', async () => {
  const herd = new StandIns({ host1: [vm('web1')], host2: [vm('app1')], host3: [vm('app2'), vm('app3')] });
  const answer = await herd.check('web1', { dryRun: true });
  expect(answer).toMatchObject({ to: 'host2' });
  expect(answer.kind === 'found' && answer.findings).toMatchObject([
    {
      severity: 'warning',
      code: 'noGain',
      message: expect.stringMatching(
        /^the move gains nothing for web1: host2 scores 0\.\d+, and host1 scores 0\.\d+, where it is: leave it/,
      ) as string,
    },
  ]);
  expect(codesOf(await herd.check('web1', { to: 'host2', dryRun: true }))).toEqual([]);
  expect(codesOf(await herd.check('web1', { onlyIfStarved: true }))).toEqual(['noGain']);
  // No room is held for a move that will not be.
  expect(shown(await herd.check('app2', { to: 'host2' }))).toBe('host3 -> host2');
  const better = new StandIns({ host1: [vm('web1'), vm('web2')], host2: [] });
  expect(codesOf(await better.check('web1', { onlyIfStarved: true }))).toEqual([]);
});
