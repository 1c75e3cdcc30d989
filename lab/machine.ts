/** Whether this machine can carry a lab at all. */
import { existsSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { LabError } from './errors.ts';

/** In the words of "the lab needs ...". */
export const labNeeds =
  'Debian 12 on amd64 with root, 2 CPUs, 4 GiB of memory and 5 GiB of disk (a virtual machine will do)';
const anotherWay =
  'run it in a Debian 12 virtual machine with root and 2 CPUs, 4 GiB of memory, 5 GiB of disk';

/** @throws LabError that says what is missing and what to do. */
export async function checkMachine(): Promise<void> {
  if (process.platform !== 'linux')
    throw new LabError(`the lab needs Linux (this is ${process.platform}): ${anotherWay}`);
  checkRoot();
  const system = readSystem();
  if (system.ID !== 'debian' || system.VERSION_ID !== '12' || !existsSync('/usr/bin/apt-get'))
    throw new LabError(
      `the lab is made for Debian 12 (this is ${system.PRETTY_NAME ?? 'unknown'}): ${anotherWay}`,
    );
  if (process.arch !== 'x64')
    throw new LabError(`the lab's guests are amd64 (this machine is ${process.arch}): ${anotherWay}`);
  const { failed, stderr } = await execa('unshare', ['--net', '--mount', 'true'], { reject: false });
  if (failed)
    throw new LabError(
      `this root may not make namespaces (${stderr.trim()}), as in an unprivileged container: ${anotherWay}`,
    );
}

/** @throws LabError */
export function checkRoot(): void {
  if (process.getuid?.() !== 0)
    throw new LabError(
      'the lab needs root, for network namespaces, cgroups and mounts: run the same command with sudo',
    );
}

/** os-release(5) */
function readSystem(): Record<string, string> {
  if (!existsSync('/etc/os-release')) return {};
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const found = /^(\w+)="?([^"]*)"?$/.exec(line);
      return found?.[1] === undefined ? [] : [[found[1], found[2] ?? '']];
    }),
  );
}
