/** What a fence device says of a host's power. It is asked for its status, and for nothing else. */
import { FenceAgentUnusable, runFenceAgent, type FenceDevice } from './fence-agent.ts';

export type FenceStatus =
  | { readonly power: 'on' | 'off' }
  /** Nothing is known of the host's power. */
  | { readonly power: 'unknown'; readonly reason: string; readonly advice: string };

const defaultTimeoutMs = 20_000;
/** Exit codes of the action `status` (FenceAgentAPI). */
const exit = { on: 0, off: 2 } as const;

/** @param timeoutMs default 20,000 @param path where agents are looked for; default: the system's folders */
export async function fenceStatus(
  device: FenceDevice,
  { timeoutMs = defaultTimeoutMs, path }: { readonly timeoutMs?: number; readonly path?: string } = {},
): Promise<FenceStatus> {
  try {
    const { exitCode, lastLine, timedOut } = await runFenceAgent(device, 'status', {
      timeoutMs,
      ...(path === undefined ? {} : { path }),
    });
    if (timedOut)
      return {
        power: 'unknown',
        reason: `${device.agent} did not end within ${timeoutMs / 1000} s and was stopped`,
        advice: 'look whether the device is reached from the machine of the worker',
      };
    if (exitCode === exit.on) return { power: 'on' };
    if (exitCode === exit.off) return { power: 'off' };
    return {
      power: 'unknown',
      reason: `${device.agent} ended with ${exitCode ?? 'a signal'}: ${lastLine || 'it printed nothing'}`,
      advice: "check the device's address, its user and its password (fence of the host in the settings)",
    };
  } catch (error) {
    if (!(error instanceof FenceAgentUnusable)) throw error;
    return {
      power: 'unknown',
      reason: error.message,
      advice: 'install the agent, or change fence of the host in the settings',
    };
  }
}
