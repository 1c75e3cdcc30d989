/** The rules of the settings as planners keep them: which of them a VM on a host would break, on the herd as it is. */
import type { PlannerRule } from '../../model/placement.ts';
import type { HerdHost, HerdVm } from './herd.ts';
import { listed } from './wording.ts';

/** A rule with the VMs of the herd that it is about. */
export interface HerdRule {
  readonly facts: PlannerRule;
  readonly hosts: ReadonlySet<string>;
  readonly members: readonly HerdVm[];
}

/** Where else room is held for a VM, by operations that move it there. */
export type ReservedOn = (vm: HerdVm) => readonly HerdHost[];

/** Whether the VM on this host keeps the rule. A VM counts as being where it is, and where room is held for it. */
export function isKept(rule: HerdRule, vm: HerdVm, host: HerdHost, reservedOn: ReservedOn): boolean {
  switch (rule.facts.kind) {
    case 'on':
      return rule.hosts.has(host.name);
    case 'avoid':
      return !rule.hosts.has(host.name);
    case 'apart':
      for (const other of rule.members)
        if (other !== vm && isNear(other, host, rule.facts.by, reservedOn)) return false;
      return true;
    case 'together':
      for (const other of rule.members) if (other !== vm && isElsewhere(other, host)) return false;
      return true;
    default:
      throw new TypeError(`no such rule: ${String(rule.facts.kind satisfies never)}`);
  }
}

/** The rule and what breaks or keeps it, in words. */
export function ruleInWords(rule: HerdRule, vm: HerdVm, host: HerdHost, reservedOn: ReservedOn): string {
  const { name, kind, by } = rule.facts;
  if (isKept(rule, vm, host, reservedOn)) return `the rule ${name} is kept`;
  const others = rule.members.filter((other) => other !== vm);
  switch (kind) {
    case 'on':
      return `the rule ${name} keeps ${vm.name} on ${listed([...rule.hosts], 'or')}`;
    case 'avoid':
      return `the rule ${name} keeps ${vm.name} off ${host.name}`;
    case 'apart': {
      const near = others.filter((other) => isNear(other, host, by, reservedOn)).map((other) => other.name);
      const place = by === undefined ? host.name : `${by} ${domainOf(host, by)}`;
      return `the rule ${name} keeps ${vm.name} apart from ${listed(near)}, on ${place}`;
    }
    case 'together': {
      const elsewhere = others.filter((other) => isElsewhere(other, host));
      const where = elsewhere.map((other) => `${other.name} (on ${other.home?.name})`);
      return `the rule ${name} keeps ${vm.name} together with ${listed(where)}`;
    }
    default:
      throw new TypeError(`no such rule: ${String(kind satisfies never)}`);
  }
}

/** The failure domain of this kind; a host that names none is one by itself. */
export function domainOf(host: HerdHost, kind: string): string {
  return host.facts.failureDomains[kind] ?? host.name;
}

function isNear(other: HerdVm, host: HerdHost, by: string | undefined, reservedOn: ReservedOn): boolean {
  if (other.home !== undefined && sharesDomain(other.home, host, by)) return true;
  for (const held of reservedOn(other)) if (sharesDomain(held, host, by)) return true;
  return false;
}

function sharesDomain(one: HerdHost, other: HerdHost, by: string | undefined): boolean {
  return one === other || (by !== undefined && domainOf(one, by) === domainOf(other, by));
}

function isElsewhere(other: HerdVm, host: HerdHost): boolean {
  return other.home !== undefined && other.home !== host && !host.reserved.has(other.name);
}
