import { expect, test } from 'vitest';
import { Ledger } from './maintain-hosts-ledger.ts';

const move = { vm: 'web1', from: 'host1', to: 'host2', memoryMiB: 1, after: [], together: [] };
const look = { left: [{ vm: 'web1', host: 'host1' }], moves: [move], silentHosts: [], underWay: [] };
const nowhere = { ...look, left: [], moves: [] };
const none = new Map<string, string>();

function verdictOf(ledger: Ledger): string | undefined {
  return ledger.get('web1')?.verdict;
}

test('a VM that a look does not find any more is gone', () => {
  const ledger = new Ledger();
  ledger.seen(look, none);
  expect(verdictOf(ledger)).toBe('waiting');
  ledger.seen(nowhere, none);
  expect(verdictOf(ledger)).toBe('gone');
});

test('of a VM on a host that did not answer a look says nothing', () => {
  const ledger = new Ledger();
  ledger.seen(look, none);
  ledger.seen({ ...nowhere, silentHosts: ['host1'] }, none);
  expect(verdictOf(ledger)).toBe('waiting');
});

test('nor of one whose move was under way when it was asked for, and has failed since', () => {
  const ledger = new Ledger();
  ledger.seen(look, none);
  ledger.moving(move, 'migrate-vm/web1/1');
  ledger.notTaken('web1', 'host2', 'it is broken', false);
  ledger.seen({ ...nowhere, underWay: ['web1'] }, none);
  expect(ledger.get('web1')).toMatchObject({ verdict: 'waiting', tried: ['host2'], reason: 'it is broken' });
});

test('three hosts that do not take it are enough, and later all are tried anew', () => {
  const ledger = new Ledger();
  ledger.seen(look, none);
  for (const host of ['host2', 'host3', 'host3', 'host4']) {
    expect(verdictOf(ledger)).toBe('waiting');
    ledger.notTaken('web1', host, 'no', false);
  }
  expect(verdictOf(ledger)).toBe('failed');
  ledger.seen(look, none);
  expect(verdictOf(ledger)).toBe('failed');
  ledger.forgive();
  expect(ledger.get('web1')).toMatchObject({ verdict: 'waiting', tried: [] });
});
