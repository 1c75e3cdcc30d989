/** A whole `drover up` on a simulated datacenter, whose every trace can be looked through afterwards. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDrover, type RunningDrover } from '../../../demo/drover-process.ts';
import { simulatedDroverYaml } from '../../../lab/simulated/drover-yaml.ts';
import { SimulatedServer } from '../../../lab/simulated/server.ts';
import { DatacenterSpec } from '../../../lab/simulated/spec.ts';
import { freePort } from '../../support/free-port.ts';

/** Only its first host has it, so the other one refuses the VM, in words that name it. */
export const secretNetwork = 'net-canary-5d1c';

const spec = DatacenterSpec.parse({
  hosts: [
    { name: 'host1', networks: ['br0', secretNetwork] },
    { name: 'host2', networks: ['br0'] },
  ],
  vms: [
    { name: 'web1', host: 'host1' },
    { name: 'web2', host: 'host1', network: secretNetwork },
  ],
});

/** As Alertmanager posts it. */
const starvedAlert = (vm: string): string =>
  JSON.stringify({
    version: '4',
    receiver: 'drover',
    status: 'firing',
    groupKey: '{}',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
    truncatedAlerts: 0,
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'DroverVmStarved', vm },
        annotations: {},
        startsAt: new Date().toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: '679c9afbbe788ae9',
      },
    ],
  });

interface Ports {
  readonly temporal: number;
  readonly ui: number;
  readonly alerts: number;
  readonly metrics: number;
  readonly codec: number;
}

/** What the settings say besides where the hosts are. */
export interface More {
  readonly codec?: object;
  readonly alerts?: object;
  readonly fence?: object;
}

export class Site implements AsyncDisposable {
  readonly folder: string;
  readonly settingsFile: string;
  readonly ports: Ports;
  readonly simulation: SimulatedServer;
  #up: RunningDrover | undefined;

  private constructor(simulation: SimulatedServer, ports: Ports) {
    this.folder = mkdtempSync(join(tmpdir(), 'drover-security-'));
    this.settingsFile = join(this.folder, 'drover.yaml');
    this.ports = ports;
    this.simulation = simulation;
  }

  static async open(): Promise<Site> {
    const [temporal, ui, alerts, metrics, codec] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const simulation = await SimulatedServer.start({ spec, rate: 10 });
    return new Site(simulation, { temporal, ui, alerts, metrics, codec });
  }

  /** Starts Drover on the datacenter, with the same Temporal database each time. */
  async up(more: More = {}): Promise<RunningDrover> {
    this.writeSettings(more);
    this.#up = await startDrover(this.settingsFile);
    return this.#up;
  }

  writeSettings(more: More): void {
    const { temporal, ui, alerts, metrics } = this.ports;
    const text = simulatedDroverYaml(spec, {
      port: this.simulation.port,
      stateDir: join(this.folder, 'state'),
      keepaliveSeconds: 1,
      more: {
        temporal: { embedded: { port: temporal, uiPort: ui }, ...(more.codec ? { codec: more.codec } : {}) },
        metrics: { worker: `127.0.0.1:${metrics}` },
        ...(more.alerts ? { alerts: { listen: `127.0.0.1:${alerts}`, ...more.alerts } } : {}),
      },
    });
    const fence = `fence: ${JSON.stringify(more.fence)}`;
    writeFileSync(
      this.settingsFile,
      more.fence
        ? text.replace(/^( +)uri: .*host1$/m, (line, indent: string) => `${line}\n${indent}${fence}`)
        : text,
    );
  }

  async down(): Promise<void> {
    await this.#up?.stop();
    this.#up = undefined;
  }

  /** Posts an alert as Alertmanager would; answers the status and the body. */
  async alert(vm: string, token: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.alerts}/alerts`, {
      method: 'POST',
      body: starvedAlert(vm),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** The files of Drover's state in which a text stands: database, its write-ahead log, logs, notes. */
  filesWith(text: string): string[] {
    const state = join(this.folder, 'state');
    return readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file).includes(text))
      .map((file) => file.slice(state.length + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.simulation.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
