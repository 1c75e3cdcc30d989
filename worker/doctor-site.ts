/** What an examination of the hosts works with, from the settings. */
import { examinerByScheme } from '../activities/hosts/examiner.ts';
import type { DoctorSite } from '../activities/doctor/site-examination.ts';
import type { FenceDevice } from '../activities/fencing/fence-agent.ts';
import type { Hosts } from '../activities/hosts/hosts.ts';
import type { Settings } from '../settings/schema.ts';
import { readSecret } from '../settings/secrets.ts';

export function doctorSiteOf(settings: Settings, hosts: Hosts): DoctorSite {
  const { keepaliveSeconds, tls, ssh } = settings;
  return {
    hosts,
    examinerOf: examinerByScheme({ keepaliveSeconds, tls, ssh }),
    fences: fencesOf(settings),
  };
}

/** The fence devices of the settings, by the names of their hosts; secrets are read when they are needed. */
function fencesOf({ clusters }: Settings): Map<string, FenceDevice> {
  return new Map(
    Object.values(clusters).flatMap(({ hosts }) =>
      Object.entries(hosts).flatMap(([name, { fence }]) => {
        if (!fence) return [];
        const { agent, options, secrets } = fence;
        const read = (): Record<string, string> =>
          Object.fromEntries(
            Object.entries(secrets).map(([option, reference]) => [option, readSecret(reference)]),
          );
        return [[name, { agent, options, secrets: read }] as const];
      }),
    ),
  );
}
