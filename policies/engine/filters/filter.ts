/** What a hard filter is: one rule by which a host may be refused for a VM. */
import type { FilterVerdict, RefusalCode } from '../../../model/placement.ts';
import type { Herd, HerdHost, HerdVm } from '../herd.ts';

/** A verdict's sentence, and its numbers where the rule has such. */
export type Explanation = Pick<FilterVerdict, 'reason' | 'measured' | 'needed' | 'unit'>;

/** One hard rule. */
export interface Filter {
  readonly code: RefusalCode;
  /** Whether the host may take the VM by this rule. Called by the million: it allocates nothing. */
  passes(herd: Herd, vm: HerdVm, host: HerdHost): boolean;
  /** The same answer in words, with what was measured and what is needed. */
  explain(herd: Herd, vm: HerdVm, host: HerdHost): Explanation;
}
