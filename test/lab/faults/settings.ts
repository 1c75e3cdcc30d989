/** Drover's settings on the lab, with lines that a test holds between Drover and the hosts, and between the hosts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { Lab } from '../../../lab/lab.ts';
import { Line } from './line.ts';

interface LabSettings {
  stateDir: string;
  temporal: { embedded: { port: number; uiPort: number } };
  alerts: { listen: string };
  metrics: { worker: string };
  clusters: Record<string, { hosts: Record<string, Record<string, unknown>> }>;
}

/** Lines to every host, by the host's name. */
export type Lines = ReadonlyMap<string, Line>;

/** @param at default: this machine alone reaches their beginnings */
export async function openLines(lab: Lab, at?: string): Promise<Lines> {
  return new Map(
    await Promise.all(lab.hosts.map(async (host) => [host.name, await Line.to(host, at)] as const)),
  );
}

/** Ports of this machine that Drover opens, all of the test's own. */
export interface Ports {
  readonly temporal: number;
  readonly temporalUi: number;
  readonly alerts: number;
  readonly metrics: number;
}

/**
 * Writes the settings of one worker: the lab's, but for the ways to the hosts.
 * @param peers how other hosts reach each host
 * @param own how this worker reaches it
 */
export function writeSettings(
  file: string,
  lab: Lab,
  { own, peers, stateDir, ports }: { own: Lines; peers: Lines; stateDir: string; ports: Ports },
): void {
  const settings = parse(readFileSync(lab.droverYamlPath, 'utf8')) as LabSettings;
  settings.stateDir = stateDir;
  settings.temporal = { embedded: { port: ports.temporal, uiPort: ports.temporalUi } };
  settings.alerts.listen = `127.0.0.1:${ports.alerts}`;
  settings.metrics = { worker: `127.0.0.1:${ports.metrics}` };
  for (const { hosts } of Object.values(settings.clusters)) {
    for (const [name, host] of Object.entries(hosts)) {
      host['migrateTo'] = lab.hosts.find((each) => each.name === name)?.address;
      host['uri'] = own.get(name)?.uri;
      host['peerUri'] = peers.get(name)?.uri;
    }
  }
  writeFileSync(file, stringify(settings));
}
