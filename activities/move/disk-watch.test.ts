/** What the target says of the VM's disks while a copy goes on, and what follows from it. */
import { describe, expect, test, vi } from 'vitest';
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { HostSession, MissingPart } from '../hosts/driver.ts';
import { HostUnreachable } from '../hosts/errors.ts';
import { DiskWatch } from './disk-watch.ts';

const gone: MissingPart = { kind: 'disk', name: 'vda', reason: 'Connection refused' };
const noNetwork: MissingPart = { kind: 'network', name: 'br0', reason: 'Cannot get interface MTU' };

/** Answers one after the other, the last again and again. */
function watching(...answers: (() => Promise<readonly MissingPart[]>)[]) {
  const seen = { looks: 0, ended: 0 };
  const watch = new DiskWatch({
    to: 'host2',
    everySeconds: 0.005,
    definition: () => Promise.resolve({} as VmDefinition),
    open: async () => {
      const answer = answers[Math.min(seen.looks++, answers.length - 1)];
      return {
        rehearse: () => answer?.() ?? Promise.resolve([]),
        [Symbol.asyncDispose]: async () => void seen.ended++,
      } as unknown as HostSession;
    },
  });
  return { watch, seen };
}

const says =
  (...missing: MissingPart[]) =>
  async (): Promise<readonly MissingPart[]> =>
    missing;
const isSilent = async (): Promise<never> => {
  throw new HostUnreachable('host2', 'rehearse web1', 'no answer');
};

describe('a disk is lost', () => {
  test('when two looks in a row can not open it', async () => {
    const { watch, seen } = watching(says(), says(gone));
    using _ = watch;
    await vi.waitUntil(() => watch.lost !== undefined);
    expect(watch.lost).toBe('host2 can no longer open disk vda: Connection refused');
    expect(seen).toEqual({ looks: 3, ended: 3 });
  });

  test.each([
    ['one look alone', [says(gone), says()]],
    ['a host that does not answer', [isSilent]],
    ['a host that does not answer the second time', [says(gone), isSilent, says()]],
    ['a network', [says(noNetwork)]],
  ])('not for %s', async (...[, answers]) => {
    const { watch, seen } = watching(...answers);
    using _ = watch;
    await vi.waitUntil(() => seen.looks > 5);
    expect(watch.lost).toBeUndefined();
  });
});

test('its end ends the look that is under way, and no other begins', async () => {
  const { watch, seen } = watching(() => new Promise(() => undefined));
  await vi.waitUntil(() => seen.looks === 1);
  watch[Symbol.dispose]();
  await vi.waitUntil(() => seen.ended > 0);
  expect(seen.looks).toBe(1);
});
