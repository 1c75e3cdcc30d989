/** The filters of the settings' rules: those that must be kept. */
import type { PlannerRule, RefusalCode } from '../../../model/placement.ts';
import { isKept, ruleInWords, type HerdRule } from '../rules.ts';
import type { Herd, HerdHost, HerdVm } from '../herd.ts';
import type { Filter } from './filter.ts';

function filterOf(code: RefusalCode, ...kinds: readonly PlannerRule['kind'][]): Filter {
  const concerns = ({ facts }: HerdRule): boolean => facts.strength === 'must' && kinds.includes(facts.kind);
  return {
    code,
    passes(herd: Herd, vm: HerdVm, host: HerdHost) {
      for (const rule of vm.rules)
        if (concerns(rule) && !isKept(rule, vm, host, herd.reservedOn)) return false;
      return true;
    },
    explain(herd, vm, host) {
      const rules = vm.rules.filter(concerns);
      const broken = rules.filter((rule) => !isKept(rule, vm, host, herd.reservedOn));
      const told = broken.length > 0 ? broken : rules;
      return {
        reason:
          told.length === 0
            ? `no rule of this kind is about ${vm.name}`
            : told.map((rule) => ruleInWords(rule, vm, host, herd.reservedOn)).join('; '),
      };
    },
  };
}

export const ruleHosts = filterOf('ruleHosts', 'on', 'avoid');
export const ruleApart = filterOf('ruleApart', 'apart');
export const ruleTogether = filterOf('ruleTogether', 'together');
