/** The host names of the settings, resolved where the worker is. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { DoctorFinding } from '../../model/doctor.ts';
import type { HostAddress } from '../hosts/driver.ts';
import { findingsOf } from './findings.ts';

export type Resolve = (name: string) => Promise<unknown>;

/** @param resolve default: as the worker's machine resolves names (hosts file, DNS) */
export async function checkNames(
  address: HostAddress,
  resolve: Resolve = (name) => lookup(name),
): Promise<DoctorFinding> {
  const finding = findingsOf(address.name, 'names');
  const names = namesOf(address);
  if (names.length === 0) return finding.ok('the settings name it by addresses alone');
  const failed: string[] = [];
  let worst: 'warning' | 'error' = 'warning';
  for (const { name, settings } of names) {
    try {
      await resolve(name);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      failed.push(`${name} (${settings.join(', ')}) does not resolve here: ${code}`);
      if (settings.includes('uri')) worst = 'error';
    }
  }
  if (failed.length === 0) return finding.ok(`${names.map(({ name }) => name).join(', ')} resolve`);
  return finding[worst](
    failed.join('; '),
    worst === 'error'
      ? 'correct the name in the settings, or make it known to DNS or /etc/hosts of the worker'
      : 'the hosts must resolve it, which the check `peers` tries; the worker need not',
  );
}

/** Names that are no addresses, each with the settings in which it stands. */
export function namesOf(address: HostAddress): { name: string; settings: string[] }[] {
  const hosts = [
    ['uri', hostOf(address.uri)],
    ['peerUri', hostOf(address.peerUri)],
    ['migrateTo', address.migrateTo],
  ] as const;
  const groups = Map.groupBy(hosts, ([, host]) => host.replace(/^\[|\]$/g, ''));
  return [...groups]
    .filter(([name]) => name !== '' && isIP(name) === 0)
    .map(([name, settings]) => ({ name, settings: settings.map(([setting]) => setting) }));
}

function hostOf(uri: string): string {
  return URL.parse(uri)?.hostname ?? '';
}
