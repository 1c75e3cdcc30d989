/** The lab may not import the client: this holds the simulated Prometheus's alert equal to the rule of `drover rules`. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { prometheusRules } from '../../client/rules.ts';
import { annotationsOf, labelsOf } from '../../lab/simulated/starved-rule.ts';
import { SettingsSchema } from '../../settings/schema.ts';

interface Rule {
  readonly alert?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

test('the simulation’s alert has the labels and texts of the rule that drover rules prints', () => {
  const settings = SettingsSchema.parse({
    clusters: { main: { datacenter: 'sim1', hosts: { host1: { uri: 'sim://127.0.0.1:1/host1', cpus: 2 } } } },
  });
  const { groups } = parse(prometheusRules(settings)) as { groups: { rules: Rule[] }[] };
  const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === 'DroverVmStarved');
  const vmRate = { host: 'host1', vm: 'web1', cores: 0.4 };
  expect(labelsOf(vmRate)).toEqual({
    alertname: 'DroverVmStarved',
    host: 'host1',
    vm: 'web1',
    ...rule?.labels,
  });
  const rendered = JSON.stringify(rule?.annotations)
    .replaceAll('{{ $labels.vm }}', 'web1')
    .replaceAll('{{ $labels.host }}', 'host1')
    .replaceAll('{{ $value | humanize }}', '0.4');
  expect(annotationsOf(vmRate)).toEqual(JSON.parse(rendered));
});
