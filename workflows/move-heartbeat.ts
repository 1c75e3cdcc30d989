/**
 * How long an attempt on hosts may be silent, in milliseconds: longer than a host keeps the connection of a silent worker,
 * so that no order of it can come any more when the next attempt begins.
 */
export function moveHeartbeatMs(keepaliveSeconds: number): number {
  return Math.max(5, keepaliveSeconds + 2) * 1000;
}
