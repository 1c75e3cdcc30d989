/** Bundled into the harness's workers: records find out soon that an operation was terminated. All else is as it is. */
import { budgets as real, type Budgets } from '../../workflows/budgets.ts';

export const budgets: Budgets = { ...real, holderPauses: { firstMs: 2000, mostMs: 4000 } };
