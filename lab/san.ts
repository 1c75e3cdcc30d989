/** The SAN of a datacenter: one NBD server in a namespace of its own, with an export for each VM's disk. */
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatacenterConfig, VmConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { makeNamespace, namespaceExists, processesInNamespace, removeNamespace } from './ip.ts';
import * as names from './names.ts';
import { plugSan } from './network.ts';
import { end, endAll, launch, runningPid, waitForProcess } from './processes.ts';
import { listensInside } from './ports.ts';

/** NBD's registered port. */
export const nbdPort = 10_809;

const role = (datacenter: string) => `san-${datacenter}`;

export function sanIsRunning({ paths }: LabContext, datacenter: string): boolean {
  return runningPid(paths, role(datacenter)) !== undefined;
}

/** Makes sure that every disk of the datacenter is served; what was on it stays. */
export async function ensureSan(
  context: LabContext,
  datacenter: DatacenterConfig,
): Promise<'kept' | 'started'> {
  const { config, paths } = context;
  const namespace = names.sanNamespace(config.name, datacenter.name);
  const running = sanIsRunning(context, datacenter.name) && namespaceExists(namespace);
  if (running && (await listensInside(namespace, nbdPort))) {
    return 'kept';
  }
  await end(paths, role(datacenter.name));
  await endAll(`the SAN of ${datacenter.name}`, () => processesInNamespace(paths, namespace));
  await removeNamespace(paths, namespace);
  await makeNamespace(paths, namespace);
  await plugSan(context, datacenter);
  const folder = paths.san(datacenter.name);
  mkdirSync(folder, { recursive: true });
  const disks = disksOf(context, datacenter.name).map((vm) => diskFile(folder, vm));
  const server = {
    addr: { type: 'inet', host: datacenter.storage.san, port: String(nbdPort) },
    'max-connections': 0,
  };
  await launch(paths, {
    role: role(datacenter.name),
    command: 'ip',
    args: [
      'netns',
      'exec',
      namespace,
      'qemu-storage-daemon',
      ...disks.flatMap(({ name, file }) => [
        '--blockdev',
        JSON.stringify({ driver: 'file', 'node-name': `${name}-file`, filename: file }),
        '--blockdev',
        JSON.stringify({ driver: 'raw', 'node-name': name, file: `${name}-file` }),
      ]),
      '--nbd-server',
      JSON.stringify(server),
      ...disks.flatMap(({ name }) => [
        '--export',
        JSON.stringify({ type: 'nbd', id: name, 'node-name': name, name, writable: true }),
      ]),
    ],
  });
  await waitForProcess(paths, role(datacenter.name), 10, async () =>
    (await listensInside(namespace, nbdPort)) ? { value: true } : { seen: 'the port is closed' },
  );
  return 'started';
}

function disksOf({ config }: LabContext, datacenter: string): VmConfig[] {
  const here = new Set(config.hosts.filter((host) => host.datacenter === datacenter).map(({ name }) => name));
  return config.vms.filter((vm) => here.has(vm.host));
}

/** A sparse file: a disk that was already there keeps its content and never shrinks. */
function diskFile(folder: string, { name, disk }: VmConfig): { name: string; file: string } {
  const file = join(folder, `${name}.raw`);
  const descriptor = openSync(file, 'a');
  const bytes = disk.sizeMiB * 1024 * 1024;
  if (statSync(file).size < bytes) ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
  return { name, file };
}
