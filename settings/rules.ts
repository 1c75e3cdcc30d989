/** Contradictions among the rules of `drover.yaml`, by the rules' names: what no plan could ever keep. */
import type { Settings } from './schema.ts';

type Rules = Settings['rules'];
type Rule = Rules[string];

/** What is wrong with one rule, and where in it. */
export interface RuleProblem {
  readonly rule: string;
  /** The key below the rule; absent: the rule as a whole. */
  readonly key?: readonly (string | number)[];
  readonly message: string;
}

export function ruleProblems({ rules, clusters, vms }: Settings): RuleProblem[] {
  const hosts = new Map(
    Object.values(clusters).flatMap((cluster) =>
      Object.entries(cluster.hosts).map(([name, { failureDomains }]) => [name, failureDomains] as const),
    ),
  );
  const musts = Object.entries(rules).filter(([, { strength }]) => strength === 'must');
  const ofAll = Object.entries(rules).flatMap(([name, rule]) => ofNames(name, rule, hosts));
  // What follows from a wrong name is no problem of its own.
  if (ofAll.length > 0) return ofAll;
  return [
    ...musts.flatMap(([name, rule]) => tooFewDomains(name, rule, hosts)),
    ...tiedAndApart(musts, vms),
    ...withoutHost(musts, vms, [...hosts.keys()]),
  ];
}

type Hosts = ReadonlyMap<string, Readonly<Record<string, string>>>;

function ofNames(name: string, rule: Rule, hosts: Hosts): RuleProblem[] {
  if ('hosts' in rule)
    return rule.hosts.flatMap((host, at) =>
      hosts.has(host)
        ? []
        : [
            {
              rule: name,
              key: ['hosts', at],
              message: `names ${host}, which is no host (hosts: ${[...hosts.keys()].join(', ')})`,
            },
          ],
    );
  if (rule.kind !== 'apart' || rule.by === undefined) return [];
  const { by } = rule;
  const kinds = new Set([...hosts.values()].flatMap((domains) => Object.keys(domains)));
  if (kinds.has(by)) return [];
  const known = [...kinds].join(', ') || 'none';
  return [
    {
      rule: name,
      key: ['by'],
      message: `names ${by}, and no host has a failure domain of that kind (${known})`,
    },
  ];
}

function tooFewDomains(name: string, rule: Rule, hosts: Hosts): RuleProblem[] {
  if (rule.kind !== 'apart') return [];
  const { by } = rule;
  const places = new Set(
    [...hosts].map(([host, domains]) => (by === undefined ? host : (domains[by] ?? host))),
  );
  if (places.size >= rule.vms.length) return [];
  return [
    {
      rule: name,
      message: `keeps ${rule.vms.length} VMs apart, and there are ${places.size} ${by === undefined ? 'hosts' : `domains of the kind ${by}`}: one of strength should would be kept as far as it can be`,
    },
  ];
}

/** Two VMs that must be on one host, and must not. */
function tiedAndApart(musts: readonly (readonly [string, Rule])[], vms: Settings['vms']): RuleProblem[] {
  const ties = tiesOf(musts);
  const apart = musts.filter(([, { kind }]) => kind === 'apart');
  const problems: RuleProblem[] = [];
  for (const { names, members } of ties) {
    const by = names.join(' and ');
    for (const [other, { vms: kept }] of apart) {
      const both = kept.filter((vm) => members.has(vm));
      if (both.length > 1)
        problems.push({
          rule: other,
          message: `keeps ${both.join(' and ')} apart, and ${by} ${verb(names)} them together`,
        });
    }
    for (const vm of members)
      for (const kept of vms[vm]?.apartFrom ?? [])
        if (members.has(kept))
          problems.push({
            rule: names[0] ?? '',
            message: `keeps ${vm} and ${kept} together, and vms.${vm}.apartFrom keeps them apart`,
          });
  }
  return problems;
}

/** VMs for which the rules together leave no host. */
function withoutHost(
  musts: readonly (readonly [string, Rule])[],
  vms: Settings['vms'],
  hosts: readonly string[],
): RuleProblem[] {
  const units = tiesOf(musts);
  const tied = new Set(units.flatMap(({ members }) => [...members]));
  const named = new Set(musts.flatMap(([, rule]) => ('hosts' in rule ? rule.vms : [])));
  const singles = [...named]
    .filter((vm) => !tied.has(vm))
    .map((vm) => ({ names: [], members: new Set([vm]) }));
  return [...units, ...singles].flatMap(({ names, members }) => {
    let left = new Set(hosts);
    const by: string[] = [];
    for (const [name, rule] of musts) {
      if (!('hosts' in rule) || !rule.vms.some((vm) => members.has(vm))) continue;
      const listed = new Set(rule.hosts);
      left = new Set([...left].filter((host) => listed.has(host) === (rule.kind === 'on')));
      by.push(name);
    }
    for (const vm of members) {
      const { avoid = [] } = vms[vm] ?? {};
      if (avoid.length === 0) continue;
      left = new Set([...left].filter((host) => !avoid.includes(host)));
      by.push(`vms.${vm}.avoid`);
    }
    const [rule] = by;
    if (left.size > 0 || rule === undefined) return [];
    const others = [...by.slice(1), ...names];
    return [
      {
        rule: by.find((one) => !one.startsWith('vms.')) ?? rule,
        message: `leaves no host for ${[...members].join(', ')}${others.length === 0 ? '' : `, together with ${others.join(', ')}`}`,
      },
    ];
  });
}

interface Tie {
  readonly names: readonly string[];
  readonly members: ReadonlySet<string>;
}

/** VMs that must be together by one rule, or by several that share VMs. */
function tiesOf(musts: readonly (readonly [string, Rule])[]): readonly Tie[] {
  let ties: readonly Tie[] = [];
  for (const [name, { kind, vms }] of musts) {
    if (kind !== 'together') continue;
    const joined = ties.filter(({ members }) => vms.some((vm) => members.has(vm)));
    const tie: Tie = {
      names: [...joined.flatMap(({ names }) => names), name],
      members: new Set([...joined.flatMap(({ members }) => [...members]), ...vms]),
    };
    ties = [...ties.filter((one) => !joined.includes(one)), tie];
  }
  return ties;
}

function verb(names: readonly string[]): string {
  return names.length === 1 ? 'keeps' : 'keep';
}
