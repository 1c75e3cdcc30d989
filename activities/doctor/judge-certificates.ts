/** Until when certificates are valid. */
import type { DoctorFinding } from '../../model/doctor.ts';
import type { CertificateFacts } from '../hosts/examiner.ts';
import { findingsOf } from './findings.ts';

export const certificateLimitDays = 30;
const dayMs = 86_400_000;

export function judgeCertificates(
  host: string,
  certificates: readonly CertificateFacts[],
  now: Date,
): DoctorFinding {
  const finding = findingsOf(host, 'certificates');
  const advice =
    'renew it and put it in the place of the old one; Drover reads its own anew for each connection';
  const judged = certificates.map(({ what, name, expires }) => {
    const days = Math.floor((expires.getTime() - now.getTime()) / dayMs);
    const day = expires.toISOString().slice(0, 10);
    return {
      days,
      text:
        days < 0
          ? `${what} (${name}) expired on ${day}`
          : `${what} (${name}) is valid for ${days} more days, until ${day}`,
    };
  });
  const expired = judged.filter(({ days }) => days < 0);
  if (expired.length > 0) return finding.error(expired.map(({ text }) => text).join('; '), advice);
  const soon = judged.filter(({ days }) => days < certificateLimitDays);
  if (soon.length > 0)
    return finding.warning(
      `${soon.map(({ text }) => text).join('; ')}: fewer than ${certificateLimitDays} days`,
      advice,
    );
  const least = Math.min(...judged.map(({ days }) => days));
  return finding.ok(`its certificate, Drover's own and the CA's are valid for ${least} more days at least`);
}
