/** Where refusals are provoked: two real hosts, small VMs that each provocation makes for itself, and what was heard. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostCall } from '../../../activities/hosts/driver.ts';
import {
  LibvirtError,
  MigrateFlag,
  openLibvirt,
  transportTo,
  type DomainRef,
  type LibvirtClient,
  type MigrationParameters,
} from '../../../activities/hosts/libvirt/client.ts';
import type { Lab, LabHost } from '../../../lab/lab.ts';
import { uuidOf } from '../../../lab/simulated/spec.ts';
import type { GuestFiles } from '../contract/guest-files.ts';

/** A refusal as it came, and how it was provoked. */
export interface Recorded {
  readonly how: string;
  readonly call: HostCall;
  readonly code: string;
  readonly domain: string;
  readonly level: number;
  readonly text: string;
}

/** Parts of a VM's definition that matter to a provocation. */
export interface Wanted {
  readonly uuid?: string;
  readonly devices?: string;
  readonly memory?: string;
  readonly machine?: string;
  readonly cpu?: string;
  /** Memory that takes some 24 s to copy at 1 MiB/s. */
  readonly noise?: boolean;
}

export interface Move {
  readonly to?: string;
  readonly migrateUri?: string;
  /** Beside those that Drover sets. */
  readonly flags?: number;
  /** The VM goes on at the target at once, as by `virsh migrate`; default false. */
  readonly runsOn?: boolean;
  readonly parameters?: MigrationParameters;
}

/** Makes hosts refuse; what it needs is made and removed by it. */
export type Provocation = (scene: Scene) => Promise<void>;

export class Scene {
  readonly recorded: Recorded[] = [];
  readonly lab: Lab;
  readonly source: LabHost;
  readonly target: LabHost;
  readonly guest: GuestFiles;
  /** A qcow2 image that both hosts see. */
  readonly disk: string;

  constructor(lab: Lab, guest: GuestFiles, disk: string) {
    const [source, target] = lab.hosts;
    if (!source || !target) throw new Error('refusals need two hosts');
    this.lab = lab;
    this.source = source;
    this.target = target;
    this.guest = guest;
    this.disk = disk;
  }

  open(host: LabHost, readOnly = false): Promise<LibvirtClient> {
    return openLibvirt(transportTo(host.uri, host), { timeoutMs: 60_000, readOnly });
  }

  xml(name: string, wanted: Wanted = {}): string {
    const noise = `<qemu:commandline><qemu:arg value='-device'/>
      <qemu:arg value='loader,file=${this.guest.noise},addr=0x1000000,force-raw=on'/></qemu:commandline>`;
    return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
      <name>${name}</name><uuid>${wanted.uuid ?? uuidOf('vm', name)}</uuid>
      ${wanted.memory ?? "<memory unit='MiB'>64</memory>"}<vcpu>1</vcpu>
      <os>
        <type arch='x86_64' machine='${wanted.machine ?? 'q35'}'>hvm</type>
        <loader readonly='yes' type='rom'>${this.guest.firmware}</loader>
      </os>
      ${wanted.cpu ?? "<cpu mode='maximum' migratable='on'/>"}
      <devices>
        <emulator>/usr/bin/qemu-system-x86_64</emulator>
        ${wanted.devices ?? ''}
        <controller type='usb' model='none'/><memballoon model='none'/>
      </devices>
      ${wanted.noise === true ? noise : ''}
    </domain>`;
  }

  /** Expects a refusal, and keeps it. */
  async refused(how: string, call: HostCall, ask: () => Promise<unknown>): Promise<void> {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof LibvirtError)) {
        console.error(`${how}: no refusal but ${String(error)}`);
        return;
      }
      const { codeName, domainName, level, message } = error;
      const text = message.replaceAll(/\/tmp\/[\w-]+/g, '/srv');
      this.recorded.push({ how, call, code: codeName, domain: domainName, level, text });
      console.log(`${call}: ${how}\n    ${codeName} of ${domainName}: ${message}`);
      return;
    }
    console.error(`${how}: was not refused`);
  }

  /** Defined and running at the source. */
  async running(client: LibvirtClient, name: string, wanted: Wanted = {}): Promise<DomainRef> {
    const domain = await client.defineDomain(this.xml(name, wanted));
    await client.startDomain(domain);
    return domain;
  }

  /** On a connection of its own, as Drover orders it. */
  async move(
    domain: DomainRef,
    { to, migrateUri, flags = 0, runsOn = false, parameters = {} }: Move = {},
  ): Promise<void> {
    const client = await this.open(this.source);
    try {
      await client.migrateToUri(domain, {
        destinationUri: to ?? this.target.uri,
        flags:
          MigrateFlag.live |
          MigrateFlag.peer2peer |
          MigrateFlag.persistDest |
          (runsOn ? 0 : MigrateFlag.paused) |
          flags,
        parameters: { migrate_uri: migrateUri ?? `tcp://${this.target.address}`, ...parameters },
      });
    } finally {
      await client.close();
    }
  }

  /** A move at 1 MiB/s, and something that is done while it copies. */
  async during(client: LibvirtClient, domain: DomainRef, act: () => unknown, move: Move = {}): Promise<void> {
    const moving = this.move(domain, { ...move, parameters: { bandwidth: 1, ...move.parameters } });
    moving.catch(() => undefined);
    await until(`${domain.name} is being copied`, async () => {
      const { parameters } = await client.jobStats(domain);
      return Number(parameters['memory_processed'] ?? 0) > 0;
    });
    await act();
    await moving;
  }

  /** The process of a VM, which the host's libvirtd writes beside its own socket. */
  signal(signal: NodeJS.Signals, host: LabHost, name: string): void {
    process.kill(Number(readFileSync(join(dirname(host.socket), 'qemu', `${name}.pid`), 'utf8')), signal);
  }

  /** Nothing is left of the VMs that provocations made. */
  async clear(): Promise<void> {
    for (const host of [this.source, this.target]) {
      const client = await this.open(host);
      for (const domain of await client.listDomains()) {
        if (!domain.name.startsWith('refused')) continue;
        await client.destroyDomain(domain).catch(() => undefined);
        await client.undefineDomain(domain, undefineAll).catch(() => undefined);
      }
      await client.close();
    }
  }
}

/** Snapshots' metadata too. */
const undefineAll = 1 | 2;

export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited 60 s in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
