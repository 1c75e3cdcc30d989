/** The lab as the guided move uses it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prometheusRules } from '../client/rules.ts';
import type { Lab } from '../lab/lab.ts';
import { readSettings } from '../settings/read.ts';
import type { Datacenter } from './datacenter.ts';
import { isOwnLab } from './made-by-start.ts';

export function labDatacenter(lab: Lab): Datacenter {
  let isOwn = false;
  return {
    kind: 'lab',
    folder: lab.folder,
    droverState: lab.droverStateFolder,
    droverYamlPath: lab.droverYamlPath,
    hosts: lab.hosts,
    hypervisor: 'libvirt',
    alerting: 'Alertmanager',
    up: async (steps) => {
      isOwn = isOwnLab(lab.folder);
      await lab.up({ report: steps.report });
      await steps.run('load the rules of drover rules into Prometheus', () => loadRules(lab));
    },
    down: async (steps) => {
      if (isOwn) await steps.run('take the lab down', () => lab.down({ report: steps.report }));
      else steps.line('the lab was up before, and stays up');
    },
    webServerOf: (name) => {
      const vm = lab.vms.find((each) => each.name === name);
      if (!vm) throw new Error(`the lab has no ${name}`);
      return `http://${vm.address}`;
    },
    load: (vm, on) => lab.load(vm, on),
    alertsUrl: () => `${lab.prometheusUrl}/api/v1/alerts`,
    monitoringPages: () => `Prometheus      ${lab.prometheusUrl}, Alertmanager ${lab.alertmanagerUrl}`,
    loadCommand: 'npm run lab -- load web1 on',
  };
}

/** The rule file where the lab's Prometheus looks for it; Prometheus is asked to read it. */
async function loadRules(lab: Lab): Promise<void> {
  mkdirSync(lab.prometheusRulesFolder, { recursive: true });
  writeFileSync(
    join(lab.prometheusRulesFolder, 'drover.yml'),
    prometheusRules(readSettings(lab.droverYamlPath)),
  );
  const answer = await fetch(`${lab.prometheusUrl}/-/reload`, { method: 'POST' });
  if (!answer.ok) throw new Error(`Prometheus does not take the rules: ${await answer.text()}`);
}
