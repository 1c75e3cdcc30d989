/**
 * `npm run bench:alerts [-- --alerts 10000 --json]`: the alert receiver, a process of its own, before a fresh embedded
 * Temporal server, without a worker. Alerts of as many VMs come by webhooks of one alert each, many at a time; each is
 * sent again until it is answered 202, as Alertmanager does. Once with Temporal up all the time; once with Temporal killed
 * by -9 in the middle, gone for a while, and started again on its database. After each, Temporal is asked for the operation
 * of every episode. Last, webhooks of 1,000 alerts.
 *
 * With --json the last line is one object: `alerts`, `perSecond`, `p99Ms` (from the first try of an alert to its 202) and
 * `lost` of the run with Temporal up; the same of the other run under `away`, with `awaySeconds`, `sentAgain`, and
 * `backAfterMs`, from when Temporal answers again until an alert is taken;
 * `thousandMs` of a webhook of 1,000, the median; `receiverMiB`, its highest memory. The exit code is 1 where one was lost.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { readOptions } from '../setup/options.ts';
import { ReceiverProcess } from '../test/support/receiver-process.ts';
import { prepareTestNamespace, startTestServer } from '../test/support/temporal.ts';
import { alertOf, countLost, send, webhookOf, type Storm, type Taken } from './alert-storm.ts';
import { shownMs, spreadOf } from './spread.ts';

const values = readOptions(
  new Command('npm run bench:alerts --')
    .description('How many alerts the receiver takes, how fast, and what is lost while Temporal is away.')
    .option('--alerts <n>', 'in each run', '10000')
    .option('--senders <n>', 'webhooks on their way at a time', '64')
    .option('--away <seconds>', 'how long Temporal is gone', '10')
    .option('--json', 'end with the figures as one line'),
).opts<{ alerts: string; senders: string; away: string; json?: true }>();

/** Webhooks of 1,000 alerts that are timed. */
const thousands = 5;

async function main(): Promise<number> {
  const [alerts, senders, awaySeconds] = [
    wholeNumber('--alerts', values.alerts),
    wholeNumber('--senders', values.senders),
    wholeNumber('--away', values.away),
  ];
  const gib = Math.round(totalmem() / 2 ** 30);
  console.log(
    `conditions: ${cpus().length} x ${cpus()[0]?.model ?? arch()}, ${gib} GiB, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}; Temporal with SQLite, the receiver and the sender on this machine, no worker; ${senders} webhooks at a time`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-alerts-'));
  let server = await startTestServer();
  const port = Number(server.address.split(':')[1]);
  let receiver: ReceiverProcess | undefined;
  try {
    await prepareTestNamespace(server.address);
    receiver = await ReceiverProcess.start(folder, port);
    const up = await weather(receiver, { name: 'up', alerts, senders });
    const to = receiver;
    let backAfterMs = 0;
    const away = await weather(receiver, {
      name: 'away',
      alerts,
      senders,
      disturbance: async () => {
        const { databaseFile } = server;
        await server.kill();
        await pause(awaySeconds * 1000);
        server = await startTestServer({ port, databaseFile });
        backAfterMs = await timeUntilTaken(to);
      },
    });
    console.log(`Temporal answers again: the next alert is taken ${backAfterMs} ms later`);
    const thousandMs = await timeThousands(receiver);
    const receiverMiB = receiver.highestMiB();
    console.log(
      `a webhook of 1,000 alerts: ${shownMs(thousandMs)}; the receiver had ${receiverMiB} MiB at most`,
    );
    if (values.json) {
      const { sentAgain: _, ...figures } = up;
      console.log(
        JSON.stringify({
          alerts,
          ...figures,
          away: { alerts, ...away, awaySeconds, backAfterMs },
          thousandMs: Math.round(thousandMs.median),
          receiverMiB,
        }),
      );
    }
    return up.lost + away.lost === 0 ? 0 : 1;
  } finally {
    await receiver?.kill();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  async function weather(to: ReceiverProcess, storm: Storm): Promise<Taken & { readonly lost: number }> {
    const taken = await send(to, storm);
    const lost = await countLost(server.address, storm);
    await checkSum(to);
    console.log(
      `${storm.alerts} alerts, Temporal ${storm.name === 'up' ? 'up' : `away for ${awaySeconds} s`}: ${taken.perSecond}/s, p99 ${taken.p99Ms} ms, sent again ${taken.sentAgain} times, lost ${lost}`,
    );
    return { ...taken, lost };
  }
}

/** An alert that has come before, sent until it is taken. */
async function timeUntilTaken(receiver: ReceiverProcess): Promise<number> {
  const startedMs = performance.now();
  while ((await receiver.post(webhookOf([alertOf('up', 0)])))?.status !== 202) await pause(50);
  return Math.round(performance.now() - startedMs);
}

async function timeThousands(receiver: ReceiverProcess) {
  const tookMs: number[] = [];
  for (let number = 0; number < thousands; number++) {
    const body = webhookOf(Array.from({ length: 1000 }, (_, index) => alertOf(`thousand${number}`, index)));
    const startedMs = performance.now();
    const answer = await receiver.post(body);
    if (answer?.status !== 202)
      throw new Error(`1,000 alerts were answered ${answer?.status}: ${answer?.text}`);
    tookMs.push(performance.now() - startedMs);
    if (number === 0) console.log(`1,000 alerts in one webhook are ${Math.ceil(body.length / 1024)} KiB`);
  }
  return spreadOf(tookMs);
}

/** @throws Error where the receiver's own figures don't add up */
async function checkSum(receiver: ReceiverProcess): Promise<void> {
  const metrics = await receiver.metrics();
  const received = metrics.get('drover_alerts_received_total') ?? Number.NaN;
  const handled = [...metrics]
    .filter(([name]) => name.startsWith('drover_alerts_handled_total{'))
    .reduce((sum, [, value]) => sum + value, 0);
  if (received !== handled) throw new Error(`received ${received} alerts, and handled ${handled}`);
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`${option} ${text}: must be a whole number above 0`);
  return number;
}

process.exitCode = await main();
