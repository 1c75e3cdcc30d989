/**
 * The lab as a library: what demonstrations and tests use.
 *
 *     const lab = openLab();
 *     await lab.up();
 *     await lab.crash('host1');
 */
import { readConfig, listOf, type LabConfig } from './config.ts';
import { contextOf } from './context.ts';
import { takeDown } from './down.ts';
import { LabUsageError } from './errors.ts';
import * as faults from './faults.ts';
import { consoleSocket, freezeLibvirtd, hostUri, killLibvirtd, startLibvirtd, virshUri } from './host.ts';
import { setLoad } from './load.ts';
import { checkRoot } from './machine.ts';
import { networkNamespace, hostNamespace } from './names.ts';
import type { CertificateFiles } from './certificates.ts';
import { droverTlsFiles, hostCertificate } from './pki.ts';
import { silent, type Report } from './report.ts';
import { readStatus, type LabStatus } from './status.ts';
import { bringUp, type UpOptions } from './up.ts';

export type { LabConfig } from './config.ts';
export type { LabStatus } from './status.ts';
export type { Report, Step } from './report.ts';

export interface LabHost {
  readonly name: string;
  readonly address: string;
  /** Its libvirtd, as Drover and other hosts reach it: over TLS, unless the lab's settings say otherwise. */
  readonly uri: string;
  /** The same for virsh, with the place of Drover's certificate (`?pkipath=`). */
  readonly virshUri: string;
  /** What it answers with over TLS; also for 127.0.0.1 and the management address, where a test may stand in between. */
  readonly certificate: CertificateFiles;
  /** By which Drover proves to it who it is. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly cluster: string;
  readonly switch: string;
  readonly cpus: number;
  readonly bmcPort: number;
  /** The unix socket of its libvirtd, which answers also when its network is cut. */
  readonly socket: string;
  /** Its network namespace: `ip netns exec NAMESPACE ping ...` is run on the host. */
  readonly namespace: string;
}

export interface LabVm {
  readonly name: string;
  readonly uuid: string;
  readonly address: string;
  /** Where `up` starts it. */
  readonly host: string;
}

/** Facts come from the settings; every action throws a `LabError` that says what is wrong and what to do. */
export interface Lab {
  readonly config: LabConfig;
  readonly folder: string;
  readonly droverYamlPath: string;
  /** Where the Drover on it keeps its own files. */
  readonly droverStateFolder: string;
  readonly hosts: readonly LabHost[];
  readonly vms: readonly LabVm[];
  readonly switches: readonly string[];
  readonly prometheusUrl: string;
  readonly prometheusRulesFolder: string;
  readonly alertmanagerUrl: string;
  readonly alertTokenFile: string;
  readonly bmcPasswordFile: string;
  readonly networkNamespace: string;
  /** Makes what is missing, keeps what is well, replaces what is broken; returns when every VM answers. */
  up(options?: Partial<UpOptions>): Promise<void>;
  /** Removes everything but the image cache. */
  down(options?: { report?: Report }): Promise<void>;
  status(): Promise<LabStatus>;
  /** A busy loop inside the guest. */
  load(vm: string, on: boolean): Promise<void>;
  /** Everything on the host stops at once, silently; its BMC says that the power is on. */
  crash(host: string): Promise<void>;
  /** Cuts all links of a host that runs on. */
  isolate(host: string): Promise<void>;
  /**
   * Undoes `isolate` and `crash`; returns when the links carry and libvirtd answers. Who asked for the host in vain
   * meanwhile finds it up to 3 s later: its kernel remembers that ARP had no answer.
   */
  heal(host: string): Promise<void>;
  /** As the BMC does it; on: returns when libvirtd answers. VMs don't start by themselves. */
  power(host: string, on: boolean): Promise<void>;
  setSwitch(name: string, up: boolean): Promise<void>;
  /** With SIGKILL; the host's VMs run on. */
  killLibvirtd(host: string): Promise<void>;
  /** After `killLibvirtd`; returns when it answers and has found the VMs that run. */
  startLibvirtd(host: string): Promise<void>;
  /** Frozen it answers nothing, while its connections stand and its VMs run on. */
  freezeLibvirtd(host: string, frozen: boolean): void;
}

/**
 * A lab by its settings, whether it is up or not.
 *
 * @param configPath - default `lab/default.yaml`, the lab of `npm start`
 * @throws LabError that names each wrong place in the file
 */
export function openLab(configPath?: string): Lab {
  const config = readConfig(configPath);
  const context = contextOf(config);
  const { paths } = context;
  const host = (name: string) => named('host', config.hosts, name);
  return {
    config,
    folder: paths.folder,
    droverYamlPath: paths.droverYaml,
    droverStateFolder: paths.droverState,
    hosts: config.hosts.map((each) => ({
      name: each.name,
      address: each.address,
      uri: hostUri(context, each),
      virshUri: virshUri(context, each),
      certificate: hostCertificate(context, each.name),
      tls: droverTlsFiles(context),
      cluster: each.cluster,
      switch: each.switch,
      cpus: each.cpus,
      bmcPort: each.bmcPort,
      socket: consoleSocket(context, each.name),
      namespace: hostNamespace(config.name, each.name),
    })),
    vms: config.vms.map(({ name, uuid, address, host }) => ({ name, uuid, address, host })),
    switches: config.switches.map(({ name }) => name),
    prometheusUrl: `http://127.0.0.1:${config.ports.prometheus}`,
    prometheusRulesFolder: `${paths.prometheus}/rules`,
    alertmanagerUrl: `http://127.0.0.1:${config.ports.alertmanager}`,
    alertTokenFile: paths.alertToken,
    bmcPasswordFile: paths.bmcPassword,
    networkNamespace: networkNamespace(config.name),
    up: async ({ report = silent, ...options } = {}) => bringUp(context, { report, ...options }),
    down: async ({ report = silent } = {}) => {
      checkRoot();
      await takeDown(paths, report);
    },
    status: async () => readStatus(context),
    load: async (vm, on) => setLoad(named('VM', config.vms, vm), on),
    crash: async (name) => faults.crash(context, host(name)),
    isolate: async (name) => faults.isolate(context, host(name)),
    heal: async (name) => faults.heal(context, host(name)),
    power: async (name, on) => faults.setPower(context, host(name), on),
    setSwitch: async (name, up) => faults.setSwitch(context, named('switch', config.switches, name).name, up),
    killLibvirtd: async (name) => killLibvirtd(context, host(name)),
    startLibvirtd: async (name) => startLibvirtd(context, host(name)),
    freezeLibvirtd: (name, frozen) => freezeLibvirtd(context, host(name), frozen),
  };
}

function named<T extends { readonly name: string }>(kind: string, all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name);
  if (!found) throw new LabUsageError(`no ${kind} ${name}; there are: ${listOf(all)}`);
  return found;
}
