#!/usr/bin/env node
/**
 * A simulated datacenter as a process of its own. Prints one line of JSON when it is ready, and goes on until it is
 * ended:
 *
 *     node lab/simulated/main.ts --hosts 10 --vms 200 [--rate 10] [--port 7400] [--control-port 7401] [--spec FILE]
 *
 * `--web-port PORT` (0: any) also serves the VMs' web servers, `--monitor JSON` (see `MonitorSettings`) also plays
 * Prometheus and Alertmanager. With `--while-stdin-is-open` it ends with whoever started it.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Monitor, MonitorSettings } from './monitor.ts';
import { SimulatedServer } from './server.ts';
import { DatacenterSpec, generateDatacenter } from './spec.ts';
import { VmWebServer } from './web.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '3' },
    vms: { type: 'string', default: '6' },
    spec: { type: 'string' },
    rate: { type: 'string', default: '1' },
    port: { type: 'string' },
    'control-port': { type: 'string' },
    'web-port': { type: 'string' },
    monitor: { type: 'string' },
    'while-stdin-is-open': { type: 'boolean' },
  },
});
const spec = values.spec
  ? DatacenterSpec.parse(JSON.parse(readFileSync(values.spec, 'utf8')))
  : generateDatacenter({ hosts: Number(values.hosts), vms: Number(values.vms) });
const server = await SimulatedServer.start({
  spec,
  rate: Number(values.rate),
  ...(values.port ? { port: Number(values.port) } : {}),
  ...(values['control-port'] ? { controlPort: Number(values['control-port']) } : {}),
});
const web = values['web-port']
  ? await VmWebServer.start(() => server.datacenter, { port: Number(values['web-port']) })
  : undefined;
const monitor = values.monitor
  ? await Monitor.start(
      () => server.datacenter,
      MonitorSettings.parse(JSON.parse(values.monitor)),
      // Standard output is the one line for whoever started this.
      (line) => console.error(`${new Date().toISOString()} ${line}`),
    )
  : undefined;

const end = async (): Promise<void> => {
  await Promise.all([monitor?.close(), web?.close(), server.close()]);
  // What the datacenter has still before it, such as the end of a migration, need not be waited for.
  process.exit(0);
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end());
if (values['while-stdin-is-open']) process.stdin.on('end', () => void end()).resume();
console.log(
  JSON.stringify({
    port: server.port,
    controlPort: server.controlPort,
    ...(web ? { webPort: web.port } : {}),
    ...(monitor ? { monitorPort: monitor.port } : {}),
  }),
);
