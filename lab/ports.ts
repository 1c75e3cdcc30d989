/** TCP ports of this machine's loopback, and who has them. */
import { execa } from 'execa';

/** Whether something listens on a TCP port inside a namespace. */
export async function listensInside(namespace: string, port: number): Promise<boolean> {
  const { stdout } = await execa('ip', [
    'netns',
    'exec',
    namespace,
    'ss',
    '--listening',
    '--tcp',
    '--numeric',
    '--no-header',
    `sport = :${port}`,
  ]);
  return stdout.trim() !== '';
}

/** The process that listens on a loopback port, as `prometheus (pid 123)`; undefined if the port is free. */
export async function holderOf(port: number): Promise<string | undefined> {
  const { stdout } = await execa('ss', [
    '--listening',
    '--tcp',
    '--numeric',
    '--processes',
    '--no-header',
    `sport = :${port}`,
  ]);
  const line = stdout.split('\n').find((text) => /\s(?:127\.0\.0\.1|0\.0\.0\.0|\*|\[::\]):\d+\s/.test(text));
  if (line === undefined) return undefined;
  const found = /\("([^"]*)",pid=(\d+)/.exec(line);
  return found ? `${found[1]} (pid ${found[2]})` : 'another process';
}
