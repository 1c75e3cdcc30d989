/** Bundled into the harness's workers: records find out soon that an operation was terminated, and a maintenance
 * looks again soon. All else is as it is. */
import { budgets as real, type Budgets } from '../../workflows/budgets.ts';

export const budgets: Budgets = {
  ...real,
  holderPauses: { firstMs: 2000, mostMs: 4000 },
  heldLookMs: 2000,
  leftPauses: { firstMs: 500, mostMs: 2000 },
  stuckMoveMs: 5000,
};
