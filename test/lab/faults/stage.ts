/**
 * Where a fault test plays: the lab, Drover's processes on it, each to be killed or frozen at any moment, and the lines
 * between all of them. What it does to the world it does past Drover.
 */
import { rmSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { Drover } from '../../../client/drover.ts';
import { openRunFolder } from '../../../client/up/leftovers.ts';
import { partsOf, type Part as DroverPart } from '../../../client/up/processes.ts';
import { openLab, type Lab, type LabHost, type LabVm } from '../../../lab/lab.ts';
import { waitFor } from '../../../demo/traffic.ts';
import { readSettings } from '../../../settings/read.ts';
import { temporalTarget } from '../../../settings/temporal.ts';
import { freePort } from '../../support/free-port.ts';
import { openOwnFolder } from '../../support/own-folder.ts';
import { runningOn } from '../../support/world.ts';
import type { Line } from './line.ts';
import { Part } from './part.ts';
import { sweep } from './sweep.ts';
import { openLines, writeSettings, type Lines } from './settings.ts';

const cli = join(import.meta.dirname, '../../../client/cli/drover.ts');

/** A worker, and its own lines to the hosts. */
export interface StageWorker {
  readonly process: Part;
  line(host: LabHost): Line;
}

/** How an operation ended, as the CLI tells it. */
export interface End {
  readonly exitCode: number | undefined;
  /** What it prints, without what it told on the way. */
  readonly text: string;
}

export interface StageOptions {
  /** Default 1. */
  readonly workers?: number;
}

export class Stage implements AsyncDisposable {
  readonly lab: Lab;
  readonly vm: LabVm;
  readonly #folder: string;
  readonly #settingsFile: string;
  readonly #peers: Lines;
  readonly temporalServer: Part;
  readonly receiver: Part;
  readonly workers: readonly StageWorker[];
  #clients: { readonly drover: Drover; readonly temporal: Client } | undefined;

  private constructor(made: {
    lab: Lab;
    folder: string;
    settingsFile: string;
    peers: Lines;
    temporalServer: Part;
    receiver: Part;
    workers: readonly StageWorker[];
  }) {
    this.lab = made.lab;
    const [vm] = made.lab.vms;
    if (!vm) throw new Error('the lab has no VM');
    this.vm = vm;
    this.#folder = made.folder;
    this.#settingsFile = made.settingsFile;
    this.#peers = made.peers;
    this.temporalServer = made.temporalServer;
    this.receiver = made.receiver;
    this.workers = made.workers;
  }

  /** Starts Drover on the lab that these settings describe; returns when all of it answers. */
  static async open(labConfigFile: string, { workers = 1 }: StageOptions = {}): Promise<Stage> {
    const lab = openLab(labConfigFile);
    await makeWhole(lab);
    const all = await openOwnFolder('faults');
    const folder = mkdtempSync(join(all, 'stage-'));
    const run = openRunFolder(all);
    const peers = await openLines(lab, lab.config.datacenters[0]?.lan.management);
    const part = ({ name, command, args, answers }: DroverPart, place: number): Part =>
      new Part(
        { name: `${name}-${place}`, command, args, answers, logFile: join(folder, `${name}-${place}.log`) },
        run,
      );
    const [temporal, temporalUi, alerts] = [await freePort(), await freePort(), await freePort()];
    const sets = await Promise.all(
      Array.from({ length: workers }, async (_, place) => {
        const settingsFile = join(folder, `drover-${place}.yaml`);
        const own = await openLines(lab);
        const ports = { temporal, temporalUi, alerts, metrics: await freePort() };
        writeSettings(settingsFile, lab, { own, peers, stateDir: join(folder, 'state'), ports });
        const settings = readSettings(settingsFile);
        const parts = partsOf(settings, settingsFile, temporalTarget(settings));
        return { settingsFile, own, parts, place };
      }),
    );
    const [first] = sets;
    const named = (set: (typeof sets)[number] | undefined, name: string): Part => {
      const found = set?.parts.find((each) => each.name === name);
      if (!set || !found) throw new Error(`Drover has no part ${name}`);
      return part(found, set.place);
    };
    const stage = new Stage({
      lab,
      folder,
      settingsFile: first?.settingsFile ?? '',
      peers,
      temporalServer: named(first, 'temporal'),
      receiver: named(first, 'alerts'),
      workers: sets.map((set) => ({
        process: named(set, 'worker'),
        line: ({ name }) => lineOf(set.own, name),
      })),
    });
    try {
      await stage.start();
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** Everything that does not run is started, and answers. */
  async start(): Promise<void> {
    await this.temporalServer.start();
    await Promise.all([...this.workers.map(({ process }) => process.start()), this.receiver.start()]);
    await this.connect();
  }

  /** The clients, after Temporal was killed say. */
  async connect(): Promise<void> {
    await this.#disconnect();
    const settings = readSettings(this.#settingsFile);
    const drover = await waitFor('Temporal', 60, () => Drover.connect(settings));
    const connection = await Connection.connect({ address: drover.target.address });
    this.#clients = { drover, temporal: new Client({ connection }) };
  }

  get drover(): Drover {
    return this.#connected().drover;
  }

  get temporal(): Client {
    return this.#connected().temporal;
  }

  get worker(): StageWorker {
    const [worker] = this.workers;
    if (!worker) throw new Error('the stage has no worker');
    return worker;
  }

  get hosts(): readonly LabHost[] {
    return this.lab.hosts;
  }

  /** Where alerts are taken. */
  get alertsUrl(): string {
    return `http://${readSettings(this.#settingsFile).alerts?.listen}/alerts`;
  }

  /** How other hosts reach this one. */
  peerLine({ name }: LabHost): Line {
    return lineOf(this.#peers, name);
  }

  /** Where the VM runs, the host that comes next, and the other. */
  async places(): Promise<{ source: LabHost; target: LabHost; third: LabHost }> {
    const names = await runningOn(this.hosts, this.vm.uuid);
    const place = this.hosts.findIndex(({ name }) => name === names[0]);
    const [source, target, third] = [0, 1, 2].map((step) => this.hosts[(place + step) % this.hosts.length]);
    if (names.length !== 1 || !source || !target || !third)
      throw new Error(`${this.vm.name} runs on ${names.length} hosts: ${names.join(', ')}`);
    return { source, target, third };
  }

  /** Runs Drover's command line to its end. */
  async cli(...args: readonly string[]): Promise<End> {
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [cli, '--settings', this.#settingsFile, ...args],
      { reject: false },
    );
    return { exitCode, text: exitCode === 0 ? stdout : (stderr.split('\n').at(-1) ?? '') };
  }

  /** Nothing of a test is left: no operation, no leftover on a host, no dead process. For after a failed one. */
  async reset(): Promise<void> {
    await this.#disconnect();
    await this.#killAll();
    rmSync(join(this.#folder, 'state'), { recursive: true, force: true });
    await makeWhole(this.lab);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disconnect();
    await Promise.all([...this.workers.map(({ process }) => process.stop()), this.receiver.stop()]);
    await this.temporalServer.stop();
    for (const line of this.#peers.values()) await line[Symbol.asyncDispose]();
    for (const worker of this.workers)
      for (const host of this.hosts) await worker.line(host)[Symbol.asyncDispose]();
  }

  /** Everything of Drover at once, as a power cut does. */
  async killAll(): Promise<void> {
    await this.#disconnect();
    await this.#killAll();
  }

  async #killAll(): Promise<void> {
    const parts = [this.temporalServer, this.receiver, ...this.workers.map(({ process }) => process)];
    await Promise.all(parts.map((part) => part.kill()));
  }

  #connected(): { readonly drover: Drover; readonly temporal: Client } {
    if (!this.#clients) throw new Error('the stage has no Temporal now');
    return this.#clients;
  }

  async #disconnect(): Promise<void> {
    const clients = this.#clients;
    this.#clients = undefined;
    await clients?.drover[Symbol.asyncDispose]();
    await clients?.temporal.connection.close();
  }
}

async function makeWhole(lab: Lab): Promise<void> {
  await lab.up();
  for (const vm of lab.vms) await sweep(lab, vm);
  await lab.up();
}

function lineOf(lines: Lines, host: string): Line {
  const line = lines.get(host);
  if (!line) throw new Error(`no line to ${host}`);
  return line;
}
