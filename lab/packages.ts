/** The Debian packages the lab runs on. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { LabError } from './errors.ts';
import { step, type Report } from './report.ts';

/** Complete for a bare Debian 12; kernel and busybox of the guests are unpacked, not installed (`guest/image.ts`). */
export const packages = [
  'cpio',
  'fence-agents',
  'iproute2',
  'libvirt-clients',
  'libvirt-daemon',
  'libvirt-daemon-driver-qemu',
  'libvirt-daemon-system',
  'openssl',
  'prometheus',
  'prometheus-alertmanager',
  'prometheus-libvirt-exporter',
  'qemu-system-x86',
  'qemu-utils',
  'util-linux',
] as const;

/** Packages whose services would take the lab's ports when the machine boots, or let somebody in, and these services. */
const servicesNotWanted: Readonly<Record<string, string>> = {
  prometheus: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  'prometheus-libvirt-exporter': 'prometheus-libvirt-exporter',
  'openssh-server': 'ssh',
};

export async function missingPackages(extra: readonly string[] = []): Promise<string[]> {
  const wanted = [...packages, ...extra];
  const format = '${Package} ${db:Status-Status}\\n';
  const { stdout } = await execa('dpkg-query', ['-W', `-f=${format}`, ...wanted], { reject: false });
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
  return wanted.filter((name) => !installed.has(name));
}

/**
 * Installs what is missing, and starts none of the services that come with it.
 *
 * @param confirm - asked once with the packages' names; absent: goes ahead
 * @param extra - packages that the lab itself does not need
 * @throws LabError if the answer is no, or apt fails
 */
export async function installPackages(
  report: Report,
  confirm?: (missing: readonly string[]) => Promise<boolean>,
  extra: readonly string[] = [],
): Promise<void> {
  const missing = await missingPackages(extra);
  if (missing.length === 0) return;
  if (confirm && !(await confirm(missing)))
    throw new LabError(`the lab needs these Debian packages: ${missing.join(' ')}`);
  await step(report, `install ${missing.length} Debian packages`, async () => {
    await withoutServices(async () => {
      const first = await aptInstall(missing);
      if (first.failed) {
        await apt(['update']); // no package lists yet, or older than the archive
        const second = await aptInstall(missing);
        if (second.failed)
          throw new LabError(
            `apt-get can't install ${missing.join(' ')}:\n${second.all.trimEnd().split('\n').slice(-8).join('\n')}`,
          );
      }
    });
    if (existsSync('/run/systemd/system'))
      for (const service of missing.flatMap((name) => servicesNotWanted[name] ?? []))
        await execa('systemctl', ['disable', '--now', service], { reject: false });
    return missing.join(' ');
  });
}

async function aptInstall(missing: readonly string[]) {
  return apt(['install', '--yes', '--no-install-recommends', ...missing]);
}

async function apt(args: readonly string[]) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Another apt, such as the daily one, may hold the lock.
  return execa('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env,
    all: true,
    reject: false,
  });
}

const policyFile = '/usr/sbin/policy-rc.d';
const policyMark = "# Drover's lab, while it installs packages: no service shall start.";

/** policy-rc.d is how Debian's packages are told not to start services; one that isn't the lab's stays as it is. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const somebodyElses = existsSync(policyFile) && !readFileSync(policyFile, 'utf8').includes(policyMark);
  if (somebodyElses) {
    await work();
    return;
  }
  const remove = () => rmSync(policyFile, { force: true });
  const removeAndEnd = () => process.exit(130);
  writeFileSync(policyFile, `#!/bin/sh\n${policyMark}\nexit 101\n`, { mode: 0o755 });
  process.once('exit', remove);
  process.once('SIGINT', removeAndEnd);
  process.once('SIGTERM', removeAndEnd);
  try {
    await work();
  } finally {
    remove();
    process.off('exit', remove);
    process.off('SIGINT', removeAndEnd);
    process.off('SIGTERM', removeAndEnd);
  }
}

/** Removes the file that an installation left which was killed in its middle. */
export function removeLeftPolicy(): void {
  if (existsSync(policyFile) && readFileSync(policyFile, 'utf8').includes(policyMark)) rmSync(policyFile);
}
