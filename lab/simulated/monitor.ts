/**
 * The monitoring of a simulated datacenter. Without root there is no Prometheus and no Alertmanager to install: this
 * plays both. It looks at the hosts' CPU use each second, evaluates the rule of `drover rules`, and posts alerts to
 * Drover as Alertmanager does. `GET /api/v1/alerts` answers as Prometheus does.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { AlertSender } from './alert-sender.ts';
import type { Alarm } from './clock.ts';
import type { SimulatedDatacenter } from './datacenter.ts';
import { ratePerSecond, type Sample } from './rate.ts';
import {
  annotationsOf,
  labelsOf,
  StarvedRule,
  StarvedThresholds,
  type ActiveAlert,
  type VmRate,
} from './starved-rule.ts';

/** The party that the monitoring is in the simulated network. */
export const monitorParty = 'monitor';
/** Scrape and evaluation interval, as the lab's Prometheus has it; simulated time. */
const lookEveryMs = 1000;

export const MonitorSettings = z.strictObject({
  /** Drover's alert receiver, `POST /alerts`. */
  alertsUrl: z.url(),
  tokenFile: z.string().min(1),
  starved: StarvedThresholds,
  port: z.int().nonnegative().default(0),
});
export type MonitorSettings = z.infer<typeof MonitorSettings>;

export class Monitor {
  readonly #datacenter: () => SimulatedDatacenter;
  readonly #settings: MonitorSettings;
  readonly #server: Server;
  readonly #report: (line: string) => void;
  #watched: SimulatedDatacenter | undefined;
  #samples = new Map<string, { readonly host: string; readonly vm: string; readonly samples: Sample[] }>();
  #rule: StarvedRule;
  #sender: AlertSender | undefined;
  #active: readonly ActiveAlert[] = [];
  #alarm: Alarm | undefined;

  private constructor(
    datacenter: () => SimulatedDatacenter,
    settings: MonitorSettings,
    report: (line: string) => void,
  ) {
    this.#datacenter = datacenter;
    this.#settings = settings;
    this.#report = report;
    this.#rule = new StarvedRule(settings.starved);
    this.#server = createServer((request, response) => {
      const isAlerts = request.url === '/api/v1/alerts';
      response.writeHead(isAlerts ? 200 : 404, { 'content-type': 'application/json' });
      response.end(
        isAlerts
          ? JSON.stringify({ status: 'success', data: { alerts: this.alerts } })
          : '{"status":"error","error":"a simulated Prometheus: GET /api/v1/alerts is all it answers"}',
      );
    });
  }

  /** @param datacenter the one that there is now: it may be made anew at any time */
  static async start(
    datacenter: () => SimulatedDatacenter,
    settings: MonitorSettings,
    report: (line: string) => void,
  ): Promise<Monitor> {
    const monitor = new Monitor(datacenter, settings, report);
    monitor.#server.listen(settings.port, '127.0.0.1');
    await once(monitor.#server, 'listening');
    report(
      `the simulation plays Prometheus (${monitor.#url}) and Alertmanager (posts to ${settings.alertsUrl})`,
    );
    monitor.#look();
    return monitor;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Pending and firing alerts in Prometheus's words. */
  get alerts(): unknown[] {
    return this.#active.map((alert) => ({
      labels: labelsOf(alert),
      annotations: annotationsOf(alert),
      state: alert.state,
      activeAt: alert.activeAt.toISOString(),
      value: String(alert.cores),
    }));
  }

  async close(): Promise<void> {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  get #url(): string {
    return `http://127.0.0.1:${this.port}/api/v1/alerts`;
  }

  #look(): void {
    const datacenter = this.#datacenter();
    const { clock } = datacenter;
    if (this.#watched !== datacenter) {
      // Another datacenter has another time, and nothing of the old one goes on.
      if (this.#watched) this.#report('the datacenter was made anew: all is measured from now on');
      this.#watched = datacenter;
      this.#samples = new Map();
      const { starved, alertsUrl, tokenFile } = this.#settings;
      this.#rule = new StarvedRule(starved);
      this.#sender = new AlertSender({
        url: alertsUrl,
        tokenFile,
        externalUrl: this.#url,
        report: this.#report,
      });
    }
    const nowMs = clock.nowMs();
    this.#scrape(datacenter, nowMs);
    const cpus = new Map(datacenter.spec.hosts.map((host) => [host.name, host.cpus]));
    this.#active = this.#rule.evaluate(nowMs, this.#rates(nowMs), cpus);
    this.#sender?.update(
      nowMs,
      this.#active.filter(({ state }) => state === 'firing'),
    );
    this.#alarm = clock.after(lookEveryMs, () => this.#look());
  }

  /** Asks each host that can be asked what its VMs have used. */
  #scrape(datacenter: SimulatedDatacenter, nowMs: number): void {
    const oldestMs = nowMs - this.#settings.starved.windowSeconds * 1000;
    for (const series of this.#samples.values())
      while ((series.samples[0]?.atMs ?? Infinity) < oldestMs) series.samples.shift();
    for (const host of datacenter.hosts.values()) {
      if (host.state !== 'up' || !datacenter.network.isOpen(monitorParty, host.name)) continue;
      for (const { name, cpuSeconds } of host.report().vms) {
        if (cpuSeconds === undefined) continue;
        const key = `${host.name} ${name}`;
        const series = this.#samples.get(key) ?? { host: host.name, vm: name, samples: [] };
        series.samples.push({ atMs: nowMs, value: cpuSeconds });
        this.#samples.set(key, series);
      }
    }
  }

  #rates(nowMs: number): VmRate[] {
    const window = { untilMs: nowMs, windowSeconds: this.#settings.starved.windowSeconds };
    return [...this.#samples].flatMap(([key, { host, vm, samples }]) => {
      if (samples.length === 0) this.#samples.delete(key);
      const cores = ratePerSecond(samples, window);
      return cores === undefined ? [] : [{ host, vm, cores }];
    });
  }
}
