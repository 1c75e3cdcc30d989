/** The settings by which Drover reaches a simulated datacenter: all of Drover that the simulation knows. */
import { stringify } from 'yaml';
import type { DatacenterSpec } from './spec.ts';

export interface DroverYamlOptions {
  /** Where sessions are served. */
  readonly port: number;
  readonly stateDir: string;
  readonly keepaliveSeconds?: number;
  /** Merged into the file: ports, alerts. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export function simulatedDroverYaml(spec: DatacenterSpec, options: DroverYamlOptions): string {
  const clusters: Record<string, { datacenter: string; hosts: Record<string, unknown> }> = {};
  for (const { name, cluster, datacenter, cpus, memoryMiB, failureDomains } of spec.hosts) {
    clusters[cluster] ??= { datacenter, hosts: {} };
    clusters[cluster].hosts[name] = {
      uri: `sim://127.0.0.1:${options.port}/${name}`,
      cpus,
      memoryMiB,
      failureDomains,
    };
  }
  return stringify({
    stateDir: options.stateDir,
    keepaliveSeconds: options.keepaliveSeconds ?? 3,
    clusters,
    ...options.more,
  });
}
