/** The hosts of the settings, as activities reach them. */
import type { ConvergenceSettings } from '../../model/convergence.ts';
import type { HostReport } from '../../model/inventory.ts';
import type { PlannerRule } from '../../model/placement.ts';
import { atMost } from './at-most.ts';
import type { HostAddress, HostDriver, HostSession } from './driver.ts';
import { tellingOrders, type OnOrder } from './order-log.ts';

/**
 * Sessions that one question to many hosts opens at a time. A thousand at once keep the worker from its other work
 * for so long that hosts which answered seem silent.
 */
export const mostAtOnce = 128;

/** What the settings say of a host, for planners and checks. */
export interface KnownHost {
  readonly address: HostAddress;
  readonly cluster: string;
  readonly datacenter: string;
  readonly failureDomains: Readonly<Record<string, string>>;
  /** Folders that are the same storage on all hosts of the cluster. */
  readonly sharedPaths: readonly string[];
  /** Cores and memory for VMs, where the settings name fewer or more than the host shows. */
  readonly cpus?: number;
  readonly memoryMiB?: number;
}

/** What the settings say of a cluster. */
export interface Availability {
  readonly hostFailuresToTolerate: number;
  readonly admission: 'warn' | 'refuse';
}

/** What the settings say of a VM. */
export interface KnownVm {
  readonly avoid: readonly string[];
  readonly apartFrom: readonly string[];
}

/** The part of the settings that activities work with; workers build it, since activities read no settings. */
export interface Site {
  readonly hosts: readonly KnownHost[];
  readonly vms: Readonly<Record<string, KnownVm>>;
  readonly rules: readonly PlannerRule[];
  /** By cluster: failures that it is to have room for, and what becomes of an operation that leaves less. */
  readonly availability: Readonly<Record<string, Availability>>;
  readonly starved: { readonly hostBusyRatio: number; readonly vmShareOfHost: number };
  /** Moves to and from one host at a time; how long one may try, where the settings say it. */
  readonly migrations: {
    readonly perHostIn: number;
    readonly perHostOut: number;
  } & Partial<ConvergenceSettings>;
  /** After so long hosts drop a silent connection. */
  readonly keepaliveSeconds: number;
}

/** One host's answer to a look at many. */
export type HostAnswer =
  | { readonly host: KnownHost; readonly report: HostReport }
  | { readonly host: KnownHost; readonly unreachable: string };

/** Opens a session to a host by the driver that its address names. */
export class Hosts {
  readonly site: Site;
  readonly #driver: HostDriver;
  readonly #onOrder: OnOrder | undefined;

  /** @param onOrder hears of every order that changes something on a host; default: nobody does */
  constructor(site: Site, driver: HostDriver, onOrder?: OnOrder) {
    this.site = site;
    this.#driver = driver;
    this.#onOrder = onOrder;
  }

  find(name: string): KnownHost | undefined {
    return this.site.hosts.find(({ address }) => address.name === name);
  }

  /** @param options `epoch`: of the lease under which orders are given on this session */
  async open(
    host: KnownHost,
    { epoch, ...options }: { readonly timeoutMs?: number; readonly epoch?: number } = {},
  ): Promise<HostSession> {
    const session = await this.#driver.open(host.address, options);
    return this.#onOrder ? tellingOrders(session, this.#onOrder, epoch) : session;
  }

  /** Asks many at once; one that does not answer in time is told as such, and delays nobody for longer. */
  report(hosts: readonly KnownHost[], timeoutMs = 5000): Promise<HostAnswer[]> {
    return atMost(mostAtOnce, hosts, async (host): Promise<HostAnswer> => {
      try {
        await using session = await this.open(host, { timeoutMs });
        return { host, report: await session.report() };
      } catch (error) {
        return { host, unreachable: error instanceof Error ? error.message : String(error) };
      }
    });
  }
}
