/** Live names for a shell that completes a line: what can be had within a moment, and nothing otherwise. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Settings } from '../../settings/schema.ts';
import { stateFolder } from '../../settings/state-folder.ts';
import type { Drover } from '../drover.ts';
import { compareNaturally } from '../natural-order.ts';
import type { Completion, NameKind } from './completions.ts';

const keptMs = 5000;
/** For Temporal's answer: whoever asks waits to type the next letter. */
const withinMs = 1000;

const Kept = z.object({
  atMs: z.number(),
  names: z.array(z.object({ value: z.string(), description: z.string().exactOptional() })),
});

export async function knownNames(kind: NameKind, settings: Settings): Promise<readonly Completion[]> {
  if (kind === 'hosts') return hosts(settings);
  if (kind === 'labels') return labels(settings);
  const file = join(stateFolder(settings), `completion-${kind}.json`);
  const kept = readKept(file);
  // The clock may have been set back since.
  if (kept && Math.abs(Date.now() - kept.atMs) < keptMs) return kept.names;
  // What takes long on a busy machine is not Temporal's answer.
  const { Drover } = await import('../drover.ts');
  const names = await Promise.race([
    ask(() => Drover.connect(settings, { timeoutMs: withinMs }), kind).catch(() => undefined),
    pause(withinMs, undefined, { ref: false }),
  ]);
  if (names) keep(file, names);
  return names ?? [];
}

function hosts({ clusters }: Settings): Completion[] {
  return Object.entries(clusters).flatMap(([cluster, { hosts }]) =>
    Object.keys(hosts).map((value) => ({ value, description: `of cluster ${cluster}` })),
  );
}

/** With the values that the settings give them; of the others the key alone. */
function labels({ clusters }: Settings): Completion[] {
  const values = Object.entries(clusters).flatMap(([cluster, { datacenter, hosts }]) => [
    `cluster=${cluster}`,
    `datacenter=${datacenter}`,
    ...Object.entries(hosts).flatMap(([host, { failureDomains }]) => [
      `host=${host}`,
      ...Object.entries(failureDomains).map(([kind, name]) => `${kind}=${name}`),
    ]),
  ]);
  return [...new Set([...values.toSorted(compareNaturally), 'state=', 'vm=', 'kind='])].map((value) => ({
    value,
  }));
}

async function ask(connect: () => Promise<Drover>, kind: 'vms' | 'operations'): Promise<Completion[]> {
  await using drover = await connect();
  if (kind === 'vms') return (await drover.vmNames()).map((value) => ({ value }));
  return (await drover.operations()).map(({ workflowId, status, state }) => ({
    value: workflowId,
    description: [status, state].filter(Boolean).join(', '),
  }));
}

function readKept(file: string): z.infer<typeof Kept> | undefined {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // There is none, or it is another version's.
    return undefined;
  }
}

function keep(file: string, names: readonly Completion[]): void {
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify({ atMs: Date.now(), names }), { mode: 0o600 });
    renameSync(unfinished, file);
  } catch {
    // A folder that this user may not write to: they are asked for again the next time.
  }
}
