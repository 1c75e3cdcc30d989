/**
 * A cell: a whole Drover of its own on a simulated datacenter, in which scenarios run one after another. Temporal,
 * the workers and the alert receiver are real processes; the simulation runs in the harness's own, where every call
 * of a worker can be stopped.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { Drover } from '../../client/drover.ts';
import { openRunFolder, type RunFolder } from '../../client/up/leftovers.ts';
import { simulatedDroverYaml } from '../../lab/simulated/drover-yaml.ts';
import { SimulatedServer } from '../../lab/simulated/server.ts';
import { readSettings } from '../../settings/read.ts';
import type { Settings } from '../../settings/schema.ts';
import { bundleWithBudgets } from '../support/bundle-with-budgets.ts';
import { openOwnFolder } from '../support/own-folder.ts';
import { freePort } from '../support/free-port.ts';
import { prepareTestNamespace, startTestServer, type TestServer } from '../support/temporal.ts';
import { datacenters } from './datacenters.ts';
import { ProcessLog } from './process-log.ts';
import type { ActivityMoment } from './worker.ts';
import { WorkerProcess } from './worker-process.ts';

/** Simulated time runs so much faster: what takes libvirt seconds takes the harness fractions. */
const rate = 4;
/** What a worker wrote before it ended by itself. */
const linesOfDeath = 15;
const alertToken = 'the-harness-knows-it';
const receiverScript = fileURLToPath(new URL('./receiver.ts', import.meta.url));

const budgetsFile = fileURLToPath(new URL('./budgets.ts', import.meta.url));

export class Cell implements AsyncDisposable {
  readonly simulation: SimulatedServer;
  readonly alertsUrl: string;
  readonly alertToken = alertToken;
  /** Called as an attempt of an activity begins or ends; a scenario sets it. */
  meets: (moment: ActivityMoment, worker: WorkerProcess) => Promise<void> = async () => {};
  /** Where its processes are noted while they run. */
  readonly #run: RunFolder;
  readonly #folder: string;
  /** What the workers and the receiver write. */
  readonly log: ProcessLog;
  readonly #files: { settings: string; bundle: string; log: string };
  readonly #temporalPort: number;
  readonly #workers = new Set<WorkerProcess>();
  readonly #deaths: string[] = [];
  #isOver = false;
  #temporal: TestServer;
  #receiver: ChildProcess | undefined;
  #drover: Drover | undefined;

  private constructor(
    simulation: SimulatedServer,
    temporal: TestServer,
    ports: { temporal: number; alerts: number },
    { own, folder }: { readonly own: string; readonly folder: string },
  ) {
    this.#run = openRunFolder(own);
    this.simulation = simulation;
    this.#temporal = temporal;
    this.#temporalPort = ports.temporal;
    this.#folder = folder;
    this.alertsUrl = `http://127.0.0.1:${ports.alerts}/alerts`;
    this.#files = {
      settings: join(folder, 'drover.yaml'),
      bundle: join(folder, 'workflows.js'),
      log: join(folder, 'processes.log'),
    };
    this.log = new ProcessLog(this.#files.log);
  }

  /** Starts all of it, with one worker; where a part fails, those that had started end. */
  static async start(): Promise<Cell> {
    const own = await openOwnFolder('cells');
    const folder = mkdtempSync(join(own, 'cell-'));
    const ports = { temporal: await freePort(), alerts: await freePort() };
    await using undo = new AsyncDisposableStack();
    undo.defer(() => rmSync(folder, { recursive: true, force: true }));
    const begun = async <T>(beginning: Promise<T>, end: (part: T) => Promise<void>): Promise<T> => {
      const part = await beginning;
      undo.defer(() => end(part));
      return part;
    };
    const parts = [
      begun(SimulatedServer.start({ spec: datacenters.small, rate }), (simulation) => simulation.close()),
      begun(startTestServer({ port: ports.temporal }), (temporal) => temporal.stop()),
      bundleWithBudgets(budgetsFile),
    ] as const;
    // What still begins while another part has failed could not be ended.
    await Promise.allSettled(parts);
    const [simulation, temporal, bundle] = await Promise.all(parts);
    await prepareTestNamespace(temporal.address);
    const cell = new Cell(simulation, temporal, ports, { own, folder });
    undo.move();
    writeFileSync(cell.#files.bundle, bundle.code);
    writeFileSync(join(folder, 'alert-token'), alertToken, { mode: 0o600 });
    writeFileSync(
      cell.#files.settings,
      simulatedDroverYaml(datacenters.small, {
        port: simulation.port,
        stateDir: join(folder, 'state'),
        keepaliveSeconds: 1,
        more: {
          temporal: { embedded: { port: ports.temporal } },
          // Faults strike at the n-th call to a host: what asks by the clock would shift them.
          survey: { everyMinutes: 0 },
          alerts: { listen: `127.0.0.1:${ports.alerts}`, tokenFile: join(folder, 'alert-token') },
        },
      }),
    );
    cell.startWorker();
    cell.startReceiver();
    return cell;
  }

  get workers(): readonly WorkerProcess[] {
    return [...this.#workers];
  }

  /** A worker that ends by itself is noted, and another one is started, as a supervisor would. */
  startWorker(): WorkerProcess {
    const logFrom = this.log.end;
    const worker = new WorkerProcess(this.#run, this.#files, (moment, from) => this.meets(moment, from));
    this.#workers.add(worker);
    void this.#noteEnd(worker, logFrom);
    return worker;
  }

  async #noteEnd(worker: WorkerProcess, logFrom: number): Promise<void> {
    const how = await worker.exited;
    this.#workers.delete(worker);
    if (worker.wasKilled || this.#isOver) return;
    const said = this.log.tail(logFrom, linesOfDeath) || 'nothing';
    this.#deaths.push(`worker ${worker.pid} ended by itself (${how}); the processes had written: ${said}`);
    this.startWorker();
  }

  /** The workers that have ended by themselves since this was asked last, each in a sentence. */
  takeDeaths(): string[] {
    return this.#deaths.splice(0);
  }

  /** The workers end, and one with these workflows takes their place. @param path of another version's workflows */
  async upgrade(path: string): Promise<void> {
    writeFileSync(this.#files.bundle, (await bundleWithBudgets(budgetsFile, path)).code);
    await Promise.all(this.workers.map((worker) => worker.end()));
    this.startWorker();
  }

  get settings(): Settings {
    return readSettings(this.#files.settings);
  }

  /** kill -9, and another one at once. */
  async killWorker(worker: WorkerProcess): Promise<void> {
    await worker.kill();
    this.startWorker();
  }

  startReceiver(): void {
    const log = openSync(this.#files.log, 'a');
    const receiver = spawn(process.execPath, [receiverScript, '--settings', this.#files.settings], {
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#receiver = receiver;
    const name = `receiver-${receiver.pid}`;
    if (receiver.pid !== undefined) this.#run.remember(name, receiver.pid);
    receiver.once('exit', () => this.#run.forget(name));
  }

  async killReceiver(): Promise<void> {
    const receiver = this.#receiver;
    if (!receiver) return;
    receiver.kill('SIGKILL');
    await once(receiver, 'exit');
    this.startReceiver();
  }

  /** kill -9, and a new one on the same file and port. */
  async killTemporal(): Promise<void> {
    const { databaseFile } = this.#temporal;
    await this.#temporal.kill();
    this.#temporal = await startTestServer({ port: this.#temporalPort, databaseFile });
  }

  /** Ends whatever an earlier scenario left running, and begins with a worker that knows nothing. */
  async renew(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    const connection = await Connection.connect({ address: this.#temporal.address });
    try {
      const { workflow } = new Client({ connection });
      for await (const { workflowId, runId } of workflow.list({ query: `ExecutionStatus = 'Running'` })) {
        // A child may have ended with its parent, which was ended before it.
        await workflow
          .getHandle(workflowId, runId)
          .terminate('the scenario is over')
          .catch(() => undefined);
      }
    } finally {
      await connection.close();
    }
    this.startWorker();
  }

  /** As a person does it from the Temporal UI; one that has ended already is left so. */
  async terminate(workflowId: string, reason: string): Promise<void> {
    const connection = await Connection.connect({ address: this.#temporal.address });
    try {
      await new Client({ connection }).workflow.getHandle(workflowId).terminate(reason);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    } finally {
      await connection.close();
    }
  }

  /** Drover's library, connected; anew after Temporal was away. */
  async drover(): Promise<Drover> {
    this.#drover ??= await Drover.connect(readSettings(this.#files.settings), { timeoutMs: 5000 });
    return this.#drover;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
    if (this.#receiver && this.#receiver.exitCode === null) {
      this.#receiver.kill('SIGKILL');
      await once(this.#receiver, 'exit');
    }
    await this.#drover?.[Symbol.asyncDispose]();
    await this.#temporal.stop();
    await this.simulation.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
