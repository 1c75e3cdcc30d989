import type { CallOptions } from './calls.ts';
import type { Connection } from './connection.ts';
import { LibvirtProtocolError } from './errors.ts';
import type { ProcedureName } from './procedures.ts';
import type { XdrReader } from './xdr.ts';

/** Upper bound of lists of domains, networks, interfaces, pools and volumes: REMOTE_..._LIST_MAX of remote_protocol.x. */
export const maxListed = 16_384;

/** What a host is made of (virNodeInfo). */
export interface NodeInfo {
  /** The CPU architecture, e.g. `x86_64`. */
  readonly model: string;
  readonly memoryKiB: number;
  readonly cpus: number;
  readonly mhz: number;
  /** NUMA cells. */
  readonly nodes: number;
  /** Sockets in each NUMA cell. */
  readonly sockets: number;
  /** Cores in each socket. */
  readonly cores: number;
  /** Threads in each core. */
  readonly threads: number;
}

/** How a CPU description compares with a host's CPU (virCPUCompareResult): `superset` and `identical` can run on it. */
export type CpuComparison = 'error' | 'incompatible' | 'identical' | 'superset';

/** libvirt packs a version into one number: major * 1,000,000 + minor * 1,000 + release (virConnectGetLibVersion). */
function versionText(version: number): string {
  return [Math.floor(version / 1_000_000), Math.floor(version / 1_000) % 1_000, version % 1_000].join('.');
}

function readComparison(reader: XdrReader): CpuComparison {
  const result = reader.i32('the result of the comparison');
  const names: readonly CpuComparison[] = ['error', 'incompatible', 'identical', 'superset'];
  const name = names[result + 1];
  if (name === undefined) throw new LibvirtProtocolError(`the unknown CPU comparison ${result}`);
  return name;
}

/** `char model[32]`: XDR spends four bytes on each of its characters. */
function readModel(reader: XdrReader): string {
  const characters = Array.from({ length: 32 }, () => reader.i32('the CPU model') & 0xff);
  const end = characters.indexOf(0);
  return Buffer.from(end === -1 ? characters : characters.slice(0, end)).toString('utf8');
}

/** The calls about the host itself, and the ground on which the other subjects stand. */
export class HostCalls {
  protected readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** The host's own name, as `virsh hostname` says it. */
  hostname(options?: CallOptions): Promise<string> {
    return this.#ask('CONNECT_GET_HOSTNAME', (reader) => reader.string('the host name'), options);
  }

  /** The version of the host's libvirt, e.g. `9.0.0`. */
  libVersion(options?: CallOptions): Promise<string> {
    return this.#ask(
      'CONNECT_GET_LIB_VERSION',
      (reader) => versionText(reader.u64Number('the version')),
      options,
    );
  }

  /** The version of the host's hypervisor (QEMU), e.g. `7.2.22`. */
  hypervisorVersion(options?: CallOptions): Promise<string> {
    return this.#ask(
      'CONNECT_GET_VERSION',
      (reader) => versionText(reader.u64Number('the version')),
      options,
    );
  }

  /** CPU layout and memory of the host. */
  nodeInfo(options?: CallOptions): Promise<NodeInfo> {
    return this.#ask(
      'NODE_GET_INFO',
      (reader) => ({
        model: readModel(reader),
        memoryKiB: reader.u64Number('memory'),
        cpus: reader.i32('cpus'),
        mhz: reader.i32('mhz'),
        nodes: reader.i32('nodes'),
        sockets: reader.i32('sockets'),
        cores: reader.i32('cores'),
        threads: reader.i32('threads'),
      }),
      options,
    );
  }

  /** Memory of the host that nobody uses, in bytes. */
  freeMemoryBytes(options?: CallOptions): Promise<number> {
    return this.#ask('NODE_GET_FREE_MEMORY', (reader) => reader.u64Number('the free memory'), options);
  }

  /** What the host can do, as XML. The first time on a fresh libvirtd it probes QEMU, which takes seconds. */
  capabilities(options?: CallOptions): Promise<string> {
    return this.#ask('CONNECT_GET_CAPABILITIES', (reader) => reader.string('the capabilities'), options);
  }

  /** What the hypervisor offers to domains of a kind, as XML; what is left out is the host's default. */
  domainCapabilities(
    kind: { emulator?: string; arch?: string; machine?: string; virtType?: string; flags?: number } = {},
    options?: CallOptions,
  ): Promise<string> {
    return this.connection.call({
      procedure: 'CONNECT_GET_DOMAIN_CAPABILITIES',
      encode: (writer) =>
        writer
          .optionalString(kind.emulator)
          .optionalString(kind.arch)
          .optionalString(kind.machine)
          .optionalString(kind.virtType)
          .u32(kind.flags ?? 0),
      decode: (reader) => reader.string('the domain capabilities'),
      ...options,
    });
  }

  /** Compares a `<cpu>` description with the host's physical CPU (virConnectCompareCPU). */
  compareCpu(cpuXml: string, flags = 0, options?: CallOptions): Promise<CpuComparison> {
    return this.connection.call({
      procedure: 'CONNECT_COMPARE_CPU',
      encode: (writer) => writer.string(cpuXml).u32(flags),
      decode: readComparison,
      ...options,
    });
  }

  /** Compares a `<cpu>` description with what the hypervisor gives on this host (virConnectCompareHypervisorCPU). */
  compareHypervisorCpu(
    question: {
      cpuXml: string;
      emulator?: string | undefined;
      arch?: string | undefined;
      machine?: string | undefined;
      virtType?: string | undefined;
      flags?: number | undefined;
    },
    options?: CallOptions,
  ): Promise<CpuComparison> {
    return this.connection.call({
      procedure: 'CONNECT_COMPARE_HYPERVISOR_CPU',
      encode: (writer) =>
        writer
          .optionalString(question.emulator)
          .optionalString(question.arch)
          .optionalString(question.machine)
          .optionalString(question.virtType)
          .string(question.cpuXml)
          .u32(question.flags ?? 0),
      decode: readComparison,
      ...options,
    });
  }

  /**
   * Names of the host's own network interfaces, active or not, as `virsh iface-list --all`.
   * Rejects with LibvirtError (code NO_SUPPORT) where libvirt has no interface driver.
   */
  interfaces(options?: CallOptions): Promise<string[]> {
    return this.#names(
      'CONNECT_LIST_ALL_INTERFACES',
      (reader) => {
        const name = reader.string("an interface's name");
        reader.string("an interface's MAC address");
        return name;
      },
      options,
    );
  }

  /** Names of libvirt's virtual networks, active or not. */
  networks(options?: CallOptions): Promise<string[]> {
    return this.#names(
      'CONNECT_LIST_ALL_NETWORKS',
      (reader) => {
        const name = reader.string("a network's name");
        reader.fixedOpaque(16, "a network's UUID");
        return name;
      },
      options,
    );
  }

  #ask<T>(procedure: ProcedureName, decode: (reader: XdrReader) => T, options?: CallOptions): Promise<T> {
    return this.connection.call({ procedure, decode, ...options });
  }

  #names(
    procedure: ProcedureName,
    readName: (reader: XdrReader) => string,
    options?: CallOptions,
  ): Promise<string[]> {
    return this.connection.call({
      procedure,
      encode: (writer) => writer.bool(true).u32(0),
      decode: (reader) => {
        const names = reader.array('names', maxListed, () => readName(reader));
        reader.u32('the number of names');
        return names;
      },
      ...options,
    });
  }
}
