import type { CallOptions } from './calls.ts';
import {
  domainStateOf,
  type DomainState,
  domainStateReport,
  type DomainStateReport,
} from './domain-state.ts';
import { StatsFlag } from './flags.ts';
import { HostCalls, maxListed } from './host-calls.ts';
import { type DomainRef, readDomain, uuidBytes, writeDomain } from './objects.ts';
import type { ProcedureName } from './procedures.ts';
import { type ParameterValue, readTypedParameters } from './typed-parameters.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/** REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX of remote_protocol.x. */
const maxStatistics = 262_144;

/** VIR_DOMAIN_XML_SECURE. */
const secureFlag = 1;

/** A domain's memory, CPUs and consumed CPU time (virDomainInfo). */
export interface DomainInfo {
  readonly state: DomainState;
  readonly maxMemoryKiB: number;
  readonly memoryKiB: number;
  readonly vcpus: number;
  /** CPU time used since the start, in nanoseconds; exact up to 104 days, the nearest double above. */
  readonly cpuTimeNs: number;
}

/** Statistics of one domain by libvirt's names, e.g. `cpu.time`, `block.0.rd.bytes` (virConnectGetAllDomainStats). */
export interface DomainStats {
  readonly domain: DomainRef;
  readonly stats: Record<string, ParameterValue>;
}

/** Where a piece of metadata stands in a domain's XML (virDomainMetadataType). */
export type MetadataPlace =
  | { readonly kind: 'description' | 'title' }
  /** An element of one's own, known by its XML namespace. */
  | { readonly kind: 'element'; readonly uri: string };

/** Arguments that end in flags. */
export function flagged(flags: number): (writer: XdrWriter) => unknown {
  return (writer) => writer.u32(flags);
}

function withoutPasswords(flags: number): number {
  if ((flags & secureFlag) === 0) return flags;
  throw new RangeError('the secure flag is never sent: passwords stay at the host');
}

function metadataKind(place: MetadataPlace): number {
  return ['description', 'title', 'element'].indexOf(place.kind);
}

/** The calls that tell of domains: what there is, what state it is in, what it says of itself. */
export class DomainCalls extends HostCalls {
  /**
   * All domains, active and inactive, unless `flags` (ListDomainsFlag) narrow it. Its success proves that a domain
   * that is missing from it is not on this host.
   */
  listDomains(flags = 0, options?: CallOptions): Promise<DomainRef[]> {
    return this.connection.call({
      procedure: 'CONNECT_LIST_ALL_DOMAINS',
      encode: (writer) => writer.bool(true).u32(flags),
      decode: (reader) => {
        const domains = reader.array('domains', maxListed, () => readDomain(reader));
        reader.u32('the number of domains');
        return domains;
      },
      ...options,
    });
  }

  /** Rejects with LibvirtError (code NO_DOMAIN) if this host has none of that UUID. */
  domainByUuid(uuid: string, options?: CallOptions): Promise<DomainRef> {
    return this.connection.call({
      procedure: 'DOMAIN_LOOKUP_BY_UUID',
      encode: (writer) => writer.fixedOpaque(uuidBytes(uuid)),
      decode: readDomain,
      ...options,
    });
  }

  /** Rejects with LibvirtError (code NO_DOMAIN) if this host has none of that name. */
  domainByName(name: string, options?: CallOptions): Promise<DomainRef> {
    return this.connection.call({
      procedure: 'DOMAIN_LOOKUP_BY_NAME',
      encode: (writer) => writer.string(name),
      decode: readDomain,
      ...options,
    });
  }

  /**
   * Statistics of many domains in one call: of `domains`, or of all. `groups` (StatsGroup) and `flags` (StatsFlag,
   * ListDomainsFlag) default to everything without waiting: a domain busy with a job (a migration, say) would
   * otherwise hold the call up for seconds, and so its figures that need the job may be missing.
   */
  domainStats(
    what: {
      groups?: number | undefined;
      flags?: number | undefined;
      domains?: readonly DomainRef[] | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<DomainStats[]> {
    return this.connection.call({
      procedure: 'CONNECT_GET_ALL_DOMAIN_STATS',
      encode: (writer) =>
        writer
          .array(what.domains ?? [], (domain) => writeDomain(writer, domain))
          .u32(what.groups ?? 0)
          .u32(what.flags ?? StatsFlag.noWait),
      decode: (reader) =>
        reader.array('domains', maxListed, () => ({
          domain: readDomain(reader),
          stats: readTypedParameters(reader, maxStatistics),
        })),
      ...options,
    });
  }

  /** What a domain does and why. */
  domainState(domain: DomainRef, options?: CallOptions): Promise<DomainStateReport> {
    return this.onDomain(
      'DOMAIN_GET_STATE',
      domain,
      options,
      (reader) => domainStateReport(reader.i32('the state'), reader.i32('the reason')),
      flagged(0),
    );
  }

  /** Whether the domain outlives its stop: a transient one disappears with it. */
  isPersistent(domain: DomainRef, options?: CallOptions): Promise<boolean> {
    return this.onDomain('DOMAIN_IS_PERSISTENT', domain, options, (reader) => reader.i32('persistent') === 1);
  }

  /** Memory, CPUs and CPU time. */
  domainInfo(domain: DomainRef, options?: CallOptions): Promise<DomainInfo> {
    return this.onDomain('DOMAIN_GET_INFO', domain, options, (reader) => ({
      state: domainStateOf(reader.u32('the state')),
      maxMemoryKiB: reader.u64Number('the maximum memory'),
      memoryKiB: reader.u64Number('the memory'),
      vcpus: reader.u32('the virtual CPUs'),
      cpuTimeNs: reader.u64Number('the CPU time'),
    }));
  }

  /**
   * The domain's XML by `flags` (XmlFlag), always without passwords. Rejects with RangeError if the secure flag is
   * set: what is read here ends in histories and logs.
   */
  domainXml(domain: DomainRef, flags = 0, options?: CallOptions): Promise<string> {
    const encode = (writer: XdrWriter): unknown => writer.u32(withoutPasswords(flags));
    return this.onDomain(
      'DOMAIN_GET_XML_DESC',
      domain,
      options,
      (reader) => reader.string('the XML'),
      encode,
    );
  }

  /** A piece of metadata. Rejects with LibvirtError (code NO_DOMAIN_METADATA) if there is none. `flags`: AffectFlag. */
  domainMetadata(domain: DomainRef, place: MetadataPlace, flags = 0, options?: CallOptions): Promise<string> {
    return this.onDomain(
      'DOMAIN_GET_METADATA',
      domain,
      options,
      (reader) => reader.string('the metadata'),
      (writer) =>
        writer
          .i32(metadataKind(place))
          .optionalString(place.kind === 'element' ? place.uri : undefined)
          .u32(flags),
    );
  }

  /**
   * Sets a piece of metadata, or removes it where `metadata` is undefined. An element needs `key`, the prefix of
   * its namespace in the XML. `flags`: AffectFlag. While the domain migrates, libvirt lets this wait for the job.
   */
  setDomainMetadata(
    domain: DomainRef,
    place: MetadataPlace & { readonly key?: string; readonly metadata: string | undefined },
    flags = 0,
    options?: CallOptions,
  ): Promise<void> {
    return this.onDomain(
      'DOMAIN_SET_METADATA',
      domain,
      options,
      () => undefined,
      (writer) =>
        writer
          .i32(metadataKind(place))
          .optionalString(place.metadata)
          .optionalString(place.key)
          .optionalString(place.kind === 'element' ? place.uri : undefined)
          .u32(flags),
    );
  }

  /**
   * Hands a command to the domain's QEMU past libvirt (virDomainQemuMonitorCommand): QMP in JSON, or human commands
   * with flag 1. Resolves with QEMU's answer as it is. libvirt marks the domain as tainted.
   */
  qemuMonitorCommand(domain: DomainRef, command: string, flags = 0, options?: CallOptions): Promise<string> {
    return this.onDomain(
      'QEMU_DOMAIN_MONITOR_COMMAND',
      domain,
      options,
      (reader) => reader.string("QEMU's answer"),
      (writer) => writer.string(command).u32(flags),
    );
  }

  /** A call whose first argument is a domain. */
  protected onDomain<T>(
    procedure: ProcedureName,
    domain: DomainRef,
    options: CallOptions | undefined,
    decode: (reader: XdrReader) => T,
    encodeRest: (writer: XdrWriter) => unknown = () => undefined,
  ): Promise<T> {
    const encode = (writer: XdrWriter): unknown => encodeRest(writeDomain(writer, domain));
    return this.connection.call({ procedure, encode, decode, ...options });
  }
}
