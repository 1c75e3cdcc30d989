/** Brings a lab up: makes what is missing, keeps what is well, replaces what is broken. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bmcIsRunning, ensureBmc, makeBmcSecrets, writeSecretOnce } from './bmc.ts';
import type { LabContext } from './context.ts';
import { removeParts } from './down.ts';
import { writeDroverYaml } from './drover-yaml.ts';
import { LabError } from './errors.ts';
import { ensureGuestImage } from './guest/image.ts';
import { ensureHost, waitForHost } from './host.ts';
import { withLock } from './lock.ts';
import { checkMachine } from './machine.ts';
import { ensureMonitoring, monitoringState } from './monitoring.ts';
import { ensureNetwork } from './network.ts';
import { installPackages, removeLeftPolicy } from './packages.ts';
import { ensurePki } from './pki.ts';
import { holderOf } from './ports.ts';
import { step, type Report } from './report.ts';
import { ensureSan } from './san.ts';
import { ensureVm } from './vms.ts';

export interface UpOptions {
  readonly report: Report;
  /** Asked once if Debian packages must be installed; absent: they are. */
  readonly confirm?: (missing: readonly string[]) => Promise<boolean>;
}

/** @throws LabError that says what is in the way and what to do. */
export async function bringUp(context: LabContext, { report, confirm }: UpOptions): Promise<void> {
  const { config, paths } = context;
  await checkMachine();
  removeLeftPolicy();
  await installPackages(report, confirm);
  mkdirSync(paths.folder, { recursive: true });
  await withLock(paths.lock, 0, async () => {
    await dropOtherSettings(context, report);
    await checkPorts(context);
    writeFileSync(paths.builtConfig, settingsText(context));
    writeSecretOnce(paths.alertToken);
    if (config.transport === 'tls') await step(report, 'CA and certificates', async () => ensurePki(context));
    await step(report, 'switches and cables', async () => ensureNetwork(context));
    await allOf([
      step(report, 'guest image', async () => ensureGuestImage(context)),
      ...config.datacenters.map((datacenter) =>
        step(report, `SAN of ${datacenter.name}`, async () => ensureSan(context, datacenter)),
      ),
      ...config.hosts.map((host) =>
        step(report, `host ${host.name}`, async () => {
          const done = await ensureHost(context, host);
          await waitForHost(context, host);
          return done;
        }),
      ),
    ]);
    await allOf([
      step(report, 'BMCs', async () => {
        await makeBmcSecrets(context);
        await allOf(config.hosts.map((host) => ensureBmc(context, host)));
      }),
      step(report, 'Prometheus, Alertmanager, exporters', async () => ensureMonitoring(context)),
      ...config.vms.map((vm) => step(report, `VM ${vm.name}`, async () => ensureVm(context, vm))),
    ]);
    writeDroverYaml(context);
  });
}

/** A lab that stands by other settings is taken apart first; its secrets and Drover's own state stay. */
async function dropOtherSettings(context: LabContext, report: Report): Promise<void> {
  const { paths } = context;
  if (!existsSync(paths.builtConfig)) return;
  if (readFileSync(paths.builtConfig, 'utf8') === settingsText(context)) return;
  await removeParts(paths, report);
  // Certificates name addresses, which may be others now.
  for (const made of [join(paths.folder, 'hosts'), paths.pki]) rmSync(made, { recursive: true, force: true });
}

const settingsText = ({ config }: LabContext): string => JSON.stringify(config, undefined, 2);

/** Refuses to begin while somebody else has one of the ports that the lab opens. */
async function checkPorts(context: LabContext): Promise<void> {
  const wanted = [
    ...monitoringState(context),
    ...context.config.hosts.map((host) => ({
      name: `bmc-${host.name}`,
      port: host.bmcPort,
      running: bmcIsRunning(context, host.name),
    })),
  ];
  for (const { name, port, running } of wanted) {
    const holder = running ? undefined : await holderOf(port);
    if (holder !== undefined)
      throw new LabError(
        `port ${port}, which the lab wants for ${name}, is taken by ${holder}: end it, or give the lab another port in its settings`,
      );
  }
}

/** As Promise.all, but waits for all of them before it fails: nothing goes on working behind an error. */
async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
