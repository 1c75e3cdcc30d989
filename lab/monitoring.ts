/** Prometheus, Alertmanager, and for each host a libvirt exporter, all on loopback. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LabContext } from './context.ts';
import { virshUri } from './host.ts';
import { end, launch, runningPid, waitForProcess, type LaunchedProcess } from './processes.ts';

/** One process of the monitoring and the page that answers once it works. */
interface Service extends LaunchedProcess {
  readonly port: number;
  readonly readyPath: string;
}

/** Starts what isn't running of it; what is stays. */
export async function ensureMonitoring(context: LabContext): Promise<void> {
  writeSettings(context);
  await Promise.all(services(context).map((service) => ensureService(context, service)));
}

export function monitoringState(context: LabContext): { name: string; running: boolean; port: number }[] {
  return services(context).map(({ role, port }) => ({
    name: role,
    running: runningPid(context.paths, role) !== undefined,
    port,
  }));
}

async function ensureService({ paths }: LabContext, service: Service): Promise<void> {
  const { role, port, readyPath } = service;
  const isReady = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}${readyPath}`, { signal: AbortSignal.timeout(3_000) })).ok;
  if (runningPid(paths, role) !== undefined && (await isReady().catch(() => false))) return;
  await end(paths, role);
  await launch(paths, service);
  await waitForProcess(paths, role, 30, async () =>
    (await isReady()) ? { value: true } : { seen: 'not ready' },
  );
}

function services(context: LabContext): Service[] {
  const { config, paths } = context;
  const { prometheus, alertmanager } = config.ports;
  return [
    {
      role: 'alertmanager',
      port: alertmanager,
      readyPath: '/-/ready',
      command: 'prometheus-alertmanager',
      args: [
        `--config.file=${join(paths.alertmanager, 'alertmanager.yml')}`,
        `--storage.path=${join(paths.alertmanager, 'data')}`,
        `--web.listen-address=127.0.0.1:${alertmanager}`,
        '--cluster.listen-address=', // alone: no gossip port
        '--log.level=warn',
      ],
    },
    {
      role: 'prometheus',
      port: prometheus,
      readyPath: '/-/ready',
      command: 'prometheus',
      args: [
        `--config.file=${join(paths.prometheus, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(paths.prometheus, 'data')}`,
        '--storage.tsdb.retention.time=1d',
        `--web.listen-address=127.0.0.1:${prometheus}`,
        '--web.enable-lifecycle',
        '--log.level=warn',
      ],
    },
    ...config.hosts.map((host) => ({
      role: `exporter-${host.name}`,
      port: host.exporterPort,
      readyPath: '/', // not /metrics: that one waits for the host
      command: 'prometheus-libvirt-exporter',
      args: [
        `--web.listen-address=127.0.0.1:${host.exporterPort}`,
        `--libvirt.uri=${virshUri(context, host)}`,
      ],
    })),
  ];
}

function writeSettings({ config, paths }: LabContext): void {
  const rules = join(paths.prometheus, 'rules');
  mkdirSync(rules, { recursive: true });
  mkdirSync(paths.alertmanager, { recursive: true });
  const prometheus = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(rules, '*.yml')],
    alerting: {
      alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${config.ports.alertmanager}`] }] }],
    },
    scrape_configs: [
      {
        job_name: 'libvirt',
        static_configs: config.hosts.map((host) => ({
          targets: [`127.0.0.1:${host.exporterPort}`],
          labels: { host: host.name },
        })),
      },
    ],
  };
  const alertmanager = {
    route: {
      receiver: 'nobody',
      routes: [
        {
          receiver: 'drover',
          matchers: ['alertname=~"Drover.*"'],
          group_by: ['alertname', 'vm'],
          // Short, so that nobody has to wait for a demonstration; docs for real use advise minutes.
          group_wait: '1s',
          group_interval: '5s',
          repeat_interval: '30s',
        },
      ],
    },
    receivers: [
      { name: 'nobody' },
      {
        name: 'drover',
        webhook_configs: [
          {
            url: `http://127.0.0.1:${config.ports.alerts}/alerts`,
            send_resolved: true,
            http_config: { authorization: { credentials_file: paths.alertToken } },
          },
        ],
      },
    ],
  };
  writeFileSync(join(paths.prometheus, 'prometheus.yml'), stringify(prometheus));
  writeFileSync(join(paths.alertmanager, 'alertmanager.yml'), stringify(alertmanager));
}
