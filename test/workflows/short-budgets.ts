/** Bundled in the place of `workflows/budgets.ts`, so that a test can spend them. */
import type { Budgets } from '../../workflows/budgets.ts';

export const budgets: Budgets = {
  findMs: 3000,
  findPauses: { firstMs: 100, mostMs: 400 },
  checkMs: 2000,
  questionMs: 2000,
  askAgainMs: 1000,
  holdMs: 2000,
  holdPauses: { firstMs: 100, mostMs: 800 },
  holderPauses: { firstMs: 300, mostMs: 1000 },
  settleAttemptMs: 1000,
  settleMs: 6000,
  endNowMs: 2000,
  workersAwayMs: 500,
  heldLookMs: 500,
  leftPauses: { firstMs: 200, mostMs: 500 },
  stuckMoveMs: 2000,
  surveyStartMs: 2000,
  doctorStartMs: 2000,
};
