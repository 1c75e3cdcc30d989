import { describe, expect, test } from 'vitest';
import { parseSettings, SettingsError } from './read.ts';

const clusters = `clusters:
  berlin:
    datacenter: berlin
    hosts:
      host1: {uri: qemu+unix:///1, failureDomains: {rack: a}}
      host2: {uri: qemu+unix:///2, failureDomains: {rack: a}}
      host3: {uri: qemu+unix:///3, failureDomains: {rack: b}}
`;

/** Each problem as `rule: message`. */
function problemsOf(more: string): string[] {
  try {
    parseSettings(clusters + more, 'drover.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

test('rules that can be kept together are no problem', () => {
  expect(
    problemsOf(`
vms:
  web1: {avoid: [host1]}
rules:
  racks: {kind: apart, vms: [db1, db2], by: rack}
  hosts: {kind: apart, vms: [web1, web2, web3]}
  pair: {kind: together, vms: [web1, app1]}
  licensed: {kind: on, vms: [db1], hosts: [host1, host2]}
  quiet: {kind: avoid, vms: [db1], hosts: [host2], strength: should}
  never: {kind: apart, vms: [web1, app1], strength: should}
`),
  ).toEqual([]);
});

describe('what no plan could keep is told by the rules’ names', () => {
  test.each([
    [
      'a host that there is not',
      'rules: {r1: {kind: on, vms: [web1], hosts: [host9]}}',
      ['rules.r1.hosts.0: names host9, which is no host (hosts: host1, host2, host3)'],
    ],
    [
      'a failure domain that there is not',
      'rules: {r1: {kind: apart, vms: [web1, web2], by: room}}',
      ['rules.r1.by: names room, and no host has a failure domain of that kind (rack)'],
    ],
    [
      'more VMs apart than there are racks',
      'rules: {r1: {kind: apart, vms: [db1, db2, db3], by: rack}}',
      [
        'rules.r1: keeps 3 VMs apart, and there are 2 domains of the kind rack: one of strength should would be kept as far as it can be',
      ],
    ],
    [
      'together and apart, by way of a third VM',
      'rules: {a: {kind: together, vms: [web1, app1]}, b: {kind: together, vms: [app1, db1]}, c: {kind: apart, vms: [web1, db1]}}',
      ['rules.c: keeps web1 and db1 apart, and a and b keep them together'],
    ],
    [
      'together, and apart by the VM’s own settings',
      'vms: {web1: {apartFrom: [app1]}}\nrules: {a: {kind: together, vms: [web1, app1]}}',
      ['rules.a: keeps web1 and app1 together, and vms.web1.apartFrom keeps them apart'],
    ],
    [
      'hosts that two rules leave',
      'rules: {a: {kind: on, vms: [web1], hosts: [host1]}, b: {kind: avoid, vms: [web1], hosts: [host1]}}',
      ['rules.a: leaves no host for web1, together with b'],
    ],
    [
      'hosts that a rule and the VM’s own settings leave to VMs that are together',
      'vms: {app1: {avoid: [host1]}}\nrules: {a: {kind: on, vms: [web1], hosts: [host1]}, pair: {kind: together, vms: [web1, app1]}}',
      ['rules.a: leaves no host for web1, app1, together with vms.app1.avoid, pair'],
    ],
  ])('%s', (_, rules, problems) => {
    expect(problemsOf(rules)).toEqual(problems);
  });

  test.each([
    ['one VM apart from nothing', 'rules: {a: {kind: apart, vms: [web1]}}', 'rules.a.vms'],
    ['no hosts', 'rules: {a: {kind: on, vms: [web1]}}', 'rules.a.hosts'],
    ['another kind', 'rules: {a: {kind: near, vms: [web1, web2]}}', 'rules.a.kind'],
    ['another strength', 'rules: {a: {kind: apart, vms: [web1, web2], strength: maybe}}', 'rules.a.strength'],
  ])('%s', (_, rules, place) => {
    expect(problemsOf(rules)).toEqual([expect.stringContaining(place) as string]);
  });
});
