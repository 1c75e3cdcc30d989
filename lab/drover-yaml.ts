/** The one thing the lab knows of Drover: the settings that describe this lab to it. */
import { renameSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { bmcUser, systemPath } from './bmc.ts';
import type { HostConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { hostUri, keepalive } from './host.ts';
import { droverTlsFiles } from './pki.ts';

export function writeDroverYaml(context: LabContext): void {
  const { paths } = context;
  writeFileSync(`${paths.droverYaml}.new`, stringify(droverSettings(context)));
  renameSync(`${paths.droverYaml}.new`, paths.droverYaml);
}

export function droverSettings(context: LabContext): unknown {
  const { config, paths } = context;
  const { ports } = config;
  return {
    stateDir: paths.droverState,
    temporal: { embedded: { port: ports.temporal, uiPort: ports.temporalUi } },
    clusters: Object.fromEntries(
      config.clusters.map(({ name, datacenter }) => [
        name,
        {
          datacenter,
          hosts: Object.fromEntries(
            config.hosts
              .filter(({ cluster }) => cluster === name)
              .map((host) => [host.name, hostSettings(context, host)]),
          ),
        },
      ]),
    ),
    ...(config.transport === 'tls' ? { tls: droverTlsFiles(context) } : {}),
    vms: {},
    alerts: { listen: `127.0.0.1:${ports.alerts}`, tokenFile: paths.alertToken },
    metrics: { worker: `127.0.0.1:${ports.workerMetrics}` },
    // libvirtd gives a silent client up one interval after its last ping (measured: 4.0 s with 1 s x 3).
    keepaliveSeconds: keepalive.intervalSeconds * (keepalive.count + 1),
    // A lab has no time to wait: alerts fire seconds after the cause.
    starved: { forSeconds: 3, windowSeconds: 10 },
    prometheusUrl: `http://127.0.0.1:${ports.prometheus}`,
  };
}

function hostSettings(context: LabContext, host: HostConfig): unknown {
  const { paths } = context;
  return {
    uri: hostUri(context, host),
    peerUri: hostUri(context, host),
    migrateTo: host.address,
    cpus: host.cpus,
    memoryMiB: host.memoryMiB,
    failureDomains: { switch: host.switch },
    fence: {
      agent: 'fence_redfish',
      options: {
        ip: '127.0.0.1',
        ipport: host.bmcPort,
        username: bmcUser,
        ssl_insecure: '1',
        systems_uri: systemPath,
      },
      secrets: { password: { file: paths.bmcPassword } },
    },
  };
}
