/**
 * What libvirt's refusals mean: the first rule that fits gives the class. A code that says enough decides alone; text
 * decides only under the codes that libvirt uses for everything (`vagueCodes`), and of a hook, whose words are ours. The
 * domain decides nothing: no code means one thing in one part of libvirt and another in another. What
 * libvirt 9.0 and QEMU 7.2 really say stands in `libvirt-refusals.json`; the rest is from libvirt's sources.
 */
import type { HostCall } from './driver.ts';
import type { Classified, Refusal, RefusalClass } from './refusal-class.ts';
import { rulesByCode } from './libvirt-rules-by-code.ts';
import { rulesByText } from './libvirt-rules-by-text.ts';

/** Codes that tell nothing without the words. */
export const vagueCodes: ReadonlySet<string> = new Set([
  'OPERATION_FAILED',
  'OPERATION_INVALID',
  'SYSTEM_ERROR',
  'INTERNAL_ERROR',
  'RPC',
]);

/** One way in which hosts refuse. */
export interface Rule {
  /** Unique; what refuses, in a few words, for people. */
  readonly name: string;
  readonly class: RefusalClass;
  /** libvirt's own names, of which one must be the refusal's. */
  readonly codes: readonly string[];
  /** Found in the words. Needed where a code is vague. */
  readonly text?: RegExp;
  /** Only for these calls; absent: for all. */
  readonly calls?: readonly HostCall[];
}

export const libvirtRules: readonly Rule[] = [...rulesByText, ...rulesByCode];

/**
 * The class of a refusal in libvirt's codes and words, of which the simulated hosts have the same.
 * @param call what the host was asked for
 */
export function classify(refusal: Refusal, call: HostCall): Classified {
  const rule = libvirtRules.find((each) => fits(each, refusal, call));
  return rule ? { class: rule.class, rule: rule.name } : { class: 'look' };
}

function fits({ codes, text, calls }: Rule, refusal: Refusal, call: HostCall): boolean {
  return (
    codes.includes(refusal.code) && (text?.test(refusal.text) ?? true) && (calls?.includes(call) ?? true)
  );
}
