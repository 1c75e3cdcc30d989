/** Failures that the clusters of a datacenter have room for, as its hosts are now. */
import type { Coverage } from '../../model/coverage.ts';
import { coverageOf } from '../../policies/admission/coverage.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { Looks } from '../looks.ts';
import type { ClosedHost } from '../records/record-activities.ts';
import { snapshotOf } from '../survey.ts';
import { withClosed } from './plan-evacuation.ts';

export interface ReadCoverageRequest {
  readonly datacenter: string;
  readonly closed: readonly ClosedHost[];
}

export async function readCoverageOf(
  { hosts, looks }: { readonly hosts: Hosts; readonly looks: Looks },
  { datacenter, closed }: ReadCoverageRequest,
): Promise<Coverage[]> {
  const survey = (await looks.recent(datacenter, { withLoad: false })).value;
  const seen = withClosed(snapshotOf(survey, hosts.site.vms, [], [], hosts.site.rules), closed);
  const clusters = new Set(seen.hosts.map(({ cluster }) => cluster));
  return [...clusters].toSorted().map((cluster) =>
    coverageOf(seen, {
      cluster,
      wanted: hosts.site.availability[cluster]?.hostFailuresToTolerate ?? 0,
    }),
  );
}
