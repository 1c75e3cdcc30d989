#!/usr/bin/env node
/**
 * A simulated datacenter as a process of its own. Prints one line of JSON when it is ready, and goes on until it is
 * ended:
 *
 *     node lab/simulated/main.ts --hosts 10 --vms 200 [--rate 10] [--port 7400] [--control-port 7401] [--spec FILE]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SimulatedServer } from './server.ts';
import { DatacenterSpec, generateDatacenter } from './spec.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '3' },
    vms: { type: 'string', default: '6' },
    spec: { type: 'string' },
    rate: { type: 'string', default: '1' },
    port: { type: 'string' },
    'control-port': { type: 'string' },
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
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
console.log(JSON.stringify({ port: server.port, controlPort: server.controlPort }));
