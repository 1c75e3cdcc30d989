/**
 * The Prometheus rule file made from `drover.yaml`, so that a threshold stands in one place. Exporters call a VM
 * `domain`; the rules say `vm`, which is what Drover's alerts carry.
 *
 * Expected of the scrape configuration: a label `host` with the host's name in the settings.
 */
import { stringify } from 'yaml';
import type { Settings } from '../settings/schema.ts';

/** The rule file as YAML, for `promtool check rules` and `rule_files`. */
export function prometheusRules(settings: Settings): string {
  const { hostBusyRatio, vmShareOfHost, forSeconds, windowSeconds } = settings.starved;
  const vmCores = `sum by (host, vm) (label_replace(rate(libvirt_domain_info_cpu_time_seconds_total[${windowSeconds}s]), "vm", "$1", "domain", "(.+)"))`;
  const hosts = Object.values(settings.clusters).flatMap((cluster) => Object.entries(cluster.hosts));
  const groups = [
    {
      name: 'drover.records',
      rules: [
        { record: 'drover:vm_cpu_cores:rate', expr: vmCores },
        { record: 'drover:host_cpu_cores:rate', expr: 'sum by (host) (drover:vm_cpu_cores:rate)' },
        // What a host can give is known to the settings alone, where they name a share of it.
        ...hosts.flatMap(([host, { cpus }]) =>
          cpus === undefined
            ? []
            : [{ record: 'drover:host_cpus', expr: `vector(${cpus})`, labels: { host } }],
        ),
      ],
    },
    {
      name: 'drover.alerts',
      rules: [
        {
          alert: 'DroverVmStarved',
          expr: [
            `drover:vm_cpu_cores:rate >= on (host) group_left () (${vmShareOfHost} * drover:host_cpus)`,
            `and on (host) (drover:host_cpu_cores:rate >= on (host) (${hostBusyRatio} * drover:host_cpus))`,
          ].join('\n'),
          for: `${forSeconds}s`,
          labels: { severity: 'warning' },
          annotations: {
            summary: '{{ $labels.vm }} is short of CPU on {{ $labels.host }}',
            description:
              '{{ $labels.host }} gives all the CPU it has, and {{ $labels.vm }} takes a large part of it ({{ $value | humanize }} cores). Drover moves the VM to a host with room, if there is one.',
          },
        },
      ],
    },
  ];
  return stringify({ groups });
}
