/** Drover's settings on the lab, with lines that a test holds between Drover and the hosts, and between the hosts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { Lab } from '../../../lab/lab.ts';
import { Line } from './line.ts';

interface LabSettings {
  stateDir: string;
  metrics: { worker: string };
  clusters: Record<string, { hosts: Record<string, Record<string, unknown>> }>;
}

/** Lines to every host, by the host's name. */
export type Lines = ReadonlyMap<string, Line>;

/** @param at default: this machine alone reaches their beginnings */
export async function openLines(lab: Lab, at?: string): Promise<Lines> {
  return new Map(
    await Promise.all(
      lab.hosts.map(async ({ name, address }) => [name, await Line.to(address, at)] as const),
    ),
  );
}

/**
 * Writes the settings of one worker: the lab's, but for the ways to the hosts.
 * @param peers how other hosts reach each host
 * @param own how this worker reaches it
 */
export function writeSettings(
  file: string,
  lab: Lab,
  { own, peers, stateDir, metrics }: { own: Lines; peers: Lines; stateDir: string; metrics?: string },
): void {
  const settings = parse(readFileSync(lab.droverYamlPath, 'utf8')) as LabSettings;
  settings.stateDir = stateDir;
  if (metrics !== undefined) settings.metrics = { worker: metrics };
  for (const { hosts } of Object.values(settings.clusters)) {
    for (const [name, host] of Object.entries(hosts)) {
      host['migrateTo'] = lab.hosts.find((each) => each.name === name)?.address;
      host['uri'] = own.get(name)?.uri;
      host['peerUri'] = peers.get(name)?.uri;
    }
  }
  writeFileSync(file, stringify(settings));
}
