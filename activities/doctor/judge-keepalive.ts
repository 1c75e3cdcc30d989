/** When a host drops a silent connection, against what Drover relies on. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { findingsOf, spanText } from './findings.ts';

/** So much later is still as the settings say: libvirtd counts in whole seconds, and may be busy. */
function toleranceMs(keepaliveSeconds: number): number {
  return 1000 + keepaliveSeconds * 50;
}

/** A trial waits so long for a host to drop the connection. */
export function trialMs(keepaliveSeconds: number): number {
  return keepaliveSeconds * 1000 + Math.max(5000, keepaliveSeconds * 250);
}

/** @param droppedAfterMs undefined: it was not dropped in the time of a trial */
export function judgeKeepalive(
  host: string,
  droppedAfterMs: number | undefined,
  keepaliveSeconds: number,
): DoctorFinding {
  const finding = findingsOf(host, 'keepalive');
  const said = `keepaliveSeconds of the settings is ${keepaliveSeconds}`;
  const equal =
    "make keepalive_interval x (keepalive_count + 1) of the host's libvirtd.conf (virtqemud.conf, virtproxyd.conf) and keepaliveSeconds equal, then restart the daemon";
  if (droppedAfterMs === undefined)
    return finding.error(
      `it holds a silent connection for longer than ${spanText(trialMs(keepaliveSeconds))}, and ${said}: a second attempt could begin while an order of the first is still alive`,
      equal,
    );
  const measured = `it drops a silent connection after ${spanText(droppedAfterMs)}`;
  if (droppedAfterMs > keepaliveSeconds * 1000 + toleranceMs(keepaliveSeconds))
    return finding.error(
      `${measured}, and ${said}: a second attempt could begin while an order of the first is still alive`,
      equal,
    );
  if (droppedAfterMs < keepaliveSeconds * 500)
    return finding.warning(
      `${measured}, less than half of what is waited for: ${said}, so a move whose worker died waits for nothing`,
      equal,
    );
  return finding.ok(`${measured}; ${said}`);
}
