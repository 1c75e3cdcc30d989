/** What a fence device says, against what the host itself does. */
import type { DoctorFinding } from '../../model/doctor.ts';
import type { FenceStatus } from '../fencing/fence-status.ts';
import { findingsOf } from './findings.ts';

/** @param answers whether the host itself was reached */
export function judgeFence(
  host: string,
  { agent }: { readonly agent: string },
  status: FenceStatus,
  answers: boolean,
): DoctorFinding {
  const finding = findingsOf(host, 'fence');
  if (status.power === 'unknown')
    return finding.error(
      `its fence device does not answer: ${status.reason}`,
      `${status.advice}; without it a failed host can't be proven off`,
    );
  if (status.power === 'on') return finding.ok(`${agent} answers: its power is on`);
  if (!answers) return finding.ok(`${agent} answers: its power is off, and the host does not answer`);
  return finding.error(
    `${agent} says that its power is off, and the host answers: the device is that of another machine`,
    'correct fence of the host in the settings: to fence it now would cut the power of another machine, or of none',
  );
}
