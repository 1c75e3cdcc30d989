/** How long one step of a workflow takes on an embedded server: a workflow of many activities that do nothing. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { startTestServer, type TestServerOptions } from '../test/support/temporal.ts';
import type { inARow } from './steps-workflow.ts';

const taskQueue = 'bench';

/** One server with one worker. */
export interface Side extends AsyncDisposable {
  /** Runs one workflow of so many steps, one after another. @returns milliseconds for each of them */
  readonly stepMs: (steps: number) => Promise<number>;
}

/** The workflow's code for `openSide`, made once for all sides. */
export async function bundleSteps(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./steps-workflow.ts', import.meta.url)),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
}

/** Starts the server and its worker. */
export async function openSide(
  name: string,
  options: TestServerOptions,
  bundle: WorkflowBundle,
): Promise<Side> {
  const server = await startTestServer(options);
  const native = await NativeConnection.connect({ address: server.address });
  const connection = await Connection.connect({ address: server.address });
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: bundle,
    activities: { nothing: () => Promise.resolve() },
  });
  const running = worker.run();
  const client = new Client({ connection });
  let started = 0;
  return {
    stepMs: async (steps) => {
      const startedAt = performance.now();
      await client.workflow.execute<typeof inARow>('inARow', {
        taskQueue,
        workflowId: `${name}-${started++}`,
        args: [steps],
      });
      return (performance.now() - startedAt) / steps;
    },
    [Symbol.asyncDispose]: async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await native.close();
      await server.stop();
    },
  };
}
