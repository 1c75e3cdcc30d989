/**
 * The agents of fence-agents (https://github.com/ClusterLabs/fence-agents/blob/main/doc/FenceAgentAPI.md): programs that
 * know one kind of power switch each. Options and secrets go to their standard input, since everybody on the machine can
 * read a command line.
 */
import { execa } from 'execa';

/** A host's power switch, as the settings describe it. */
export interface FenceDevice {
  /** `fence_redfish` */
  readonly agent: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Read anew each time. @throws Error that names the reference and never a value */
  readonly secrets: () => Readonly<Record<string, string>>;
}

/** How an agent ended. */
export interface AgentEnd {
  readonly exitCode: number | undefined;
  /** The last line that it printed, without secrets. */
  readonly lastLine: string;
  readonly timedOut: boolean;
}

/** The agent can't be asked at all; the message says what to change. */
export class FenceAgentUnusable extends Error {
  override readonly name = 'FenceAgentUnusable';
}

/** Names under which agents take the action; the caller's alone counts. */
const actionOptions: readonly string[] = ['action', 'option', 'o'];

/**
 * What an agent reads: `key=value` lines, the action last.
 * @throws FenceAgentUnusable for an option that could be taken for another one, or for an action
 */
export function agentInput(device: FenceDevice, action: 'status'): string {
  let secrets: Readonly<Record<string, string>>;
  try {
    secrets = device.secrets();
  } catch (error) {
    throw new FenceAgentUnusable(`a secret ${(error as Error).message}`, { cause: error });
  }
  const lines = Object.entries({ ...device.options, ...secrets }).map(([name, value]) => {
    if (!/^[A-Za-z0-9_-]+$/.test(name) || actionOptions.includes(name.toLowerCase()))
      throw new FenceAgentUnusable(
        `the option ${JSON.stringify(name)} is not taken: the action is Drover's own`,
      );
    const text = String(value);
    // A line break would begin another option, an action for one.
    if (/[\r\n\0]/.test(text)) throw new FenceAgentUnusable(`the value of ${name} has a line break`);
    return `${name}=${text}`;
  });
  return `${[...lines, `action=${action}`].join('\n')}\n`;
}

/**
 * Runs the agent to its end, or kills it when its time is over.
 * @throws FenceAgentUnusable where it can't be started
 */
export async function runFenceAgent(
  device: FenceDevice,
  action: 'status',
  { timeoutMs, path = agentPath }: { readonly timeoutMs: number; readonly path?: string },
): Promise<AgentEnd> {
  const ended = await execa(device.agent, [], {
    input: agentInput(device, action),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    reject: false,
    all: true,
    // Nothing of the worker's own secrets.
    extendEnv: false,
    env: { PATH: path, LC_ALL: 'C', HOME: '/' },
  });
  if (ended.code === 'ENOENT')
    throw new FenceAgentUnusable(
      `${device.agent} is not installed where this worker runs (Debian: package fence-agents; Fedora and RHEL: ${packageOf(device.agent)})`,
    );
  if (ended.exitCode === undefined && !ended.timedOut && !ended.isTerminated)
    throw new FenceAgentUnusable(`${device.agent} can't be started (${ended.code ?? ended.shortMessage})`);
  return {
    exitCode: ended.exitCode,
    lastLine: withoutSecrets(lastLineOf(ended.all ?? ''), device),
    timedOut: ended.timedOut,
  };
}

const agentPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const mostCharacters = 300;

function packageOf(agent: string): string {
  return agent.replace(/^fence_/, 'fence-agents-').replaceAll('_', '-');
}

function lastLineOf(text: string): string {
  return (text.trimEnd().split('\n').at(-1) ?? '').trim().slice(0, mostCharacters);
}

function withoutSecrets(text: string, device: FenceDevice): string {
  return Object.values(device.secrets()).reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
