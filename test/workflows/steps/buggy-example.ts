/** `giveDisk` of `example.ts` with a bug between two steps. */
import { sleep } from '@temporalio/workflow';
import { giveDiskWith } from './example.ts';

export const bugs = ['TypeError', 'stepsAtOnce'] as const;
export type Bug = (typeof bugs)[number];

export function giveDisk({ bug }: { readonly bug: Bug }): Promise<unknown> {
  return giveDiskWith({}, (step) => {
    if (bug === 'TypeError') throw new TypeError('disk is undefined');
    step({ name: 'other', do: () => sleep('1 minute'), noUndo: 'it only waits' }).catch(() => {});
  });
}
