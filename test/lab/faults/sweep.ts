/** Takes away whatever a failed test left on the hosts, but for one running copy of the VM, if there is just one. */
import { execa } from 'execa';
import type { Lab, LabHost, LabVm } from '../../../lab/lab.ts';
import { runningOn, virsh } from '../../support/world.ts';

/** Hosts must answer: `lab.up()` sees to that, before, and to the VM, afterwards. */
export async function sweep(lab: Lab, vm: LabVm): Promise<void> {
  for (const host of lab.hosts) await perhaps(host, 'domjobabort', vm.uuid);
  const running = await runningOn(lab.hosts, vm.uuid);
  const keep = running.length === 1 ? running[0] : undefined;
  for (const host of lab.hosts) {
    for (const uuid of (await virsh(host, 'list', '--all', '--uuid')).split('\n').filter(Boolean)) {
      if (host.name === keep && uuid === vm.uuid) continue;
      await perhaps(host, 'destroy', uuid);
      await perhaps(host, 'undefine', uuid);
    }
  }
}

/** What is not there, or not running, needs nothing. */
async function perhaps(host: LabHost, order: string, uuid: string): Promise<void> {
  await execa('virsh', ['-q', '-c', host.virshUri, order, '--domain', uuid], { reject: false });
}
