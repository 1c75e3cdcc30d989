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

function writeMetadataKind(place: MetadataPlace): number {
  return ['description', 'title', 'element'].indexOf(place.kind);
}

/** The calls about domains: what there is, what state it is in, and its life. */
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
    return this.#withFlags('DOMAIN_GET_STATE', domain, 0, options, (reader) =>
      domainStateReport(reader.i32('the state'), reader.i32('the reason')),
    );
  }

  /** Whether the domain outlives its stop: a transient one disappears with it. */
  isPersistent(domain: DomainRef, options?: CallOptions): Promise<boolean> {
    return this.#ask('DOMAIN_IS_PERSISTENT', domain, options, (reader) => reader.i32('persistent') === 1);
  }

  /** Memory, CPUs and CPU time. */
  domainInfo(domain: DomainRef, options?: CallOptions): Promise<DomainInfo> {
    return this.#ask('DOMAIN_GET_INFO', domain, options, (reader) => ({
      state: domainStateOf(reader.u32('the state')),
      maxMemoryKiB: reader.u64Number('the maximum memory'),
      memoryKiB: reader.u64Number('the memory'),
      vcpus: reader.u32('the virtual CPUs'),
      cpuTimeNs: reader.u64Number('the CPU time'),
    }));
  }

  /**
   * The domain's XML by `flags` (XmlFlag), always without passwords. Throws RangeError if the secure flag is set:
   * what is read here ends in histories and logs.
   */
  domainXml(domain: DomainRef, flags = 0, options?: CallOptions): Promise<string> {
    if ((flags & secureFlag) !== 0)
      throw new RangeError('the secure flag is never sent: passwords stay at the host');
    return this.#withFlags('DOMAIN_GET_XML_DESC', domain, flags, options, (reader) =>
      reader.string('the XML'),
    );
  }

  /** Defines a persistent domain, or changes one of the same name and UUID; it does not start. */
  defineDomain(xml: string, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.#fromXml('DOMAIN_DEFINE_XML_FLAGS', xml, flags, options);
  }

  /** Removes the definition; a running domain becomes transient. `flags`: UndefineFlag. */
  undefineDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#withFlags('DOMAIN_UNDEFINE_FLAGS', domain, flags, options, () => undefined);
  }

  /** Starts a defined domain; resolves with its new id. `flags`: CreateFlag. */
  startDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.#withFlags('DOMAIN_CREATE_WITH_FLAGS', domain, flags, options, readDomain);
  }

  /** Creates and starts a transient domain. `flags`: CreateFlag. */
  createDomain(xml: string, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.#fromXml('DOMAIN_CREATE_XML', xml, flags, options);
  }

  /** Ends a domain at once, as pulling its plug would. `flags`: DestroyFlag. */
  destroyDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#withFlags('DOMAIN_DESTROY_FLAGS', domain, flags, options, () => undefined);
  }

  /** Asks the guest to shut down; resolves when it was asked, not when it is off. `flags`: ShutdownFlag. */
  shutdownDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#withFlags('DOMAIN_SHUTDOWN_FLAGS', domain, flags, options, () => undefined);
  }

  /** Pauses a running domain. */
  suspendDomain(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.#ask('DOMAIN_SUSPEND', domain, options, () => undefined);
  }

  /** Lets a paused domain run on. */
  resumeDomain(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.#ask('DOMAIN_RESUME', domain, options, () => undefined);
  }

  /** Asks the guest to reboot. `flags`: ShutdownFlag (virDomainRebootFlagValues has the same values). */
  rebootDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#withFlags('DOMAIN_REBOOT', domain, flags, options, () => undefined);
  }

  /** Resets the domain's machine without asking its guest. */
  resetDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#withFlags('DOMAIN_RESET', domain, flags, options, () => undefined);
  }

  /** Whether the domain starts with its host. */
  autostart(domain: DomainRef, options?: CallOptions): Promise<boolean> {
    return this.#ask('DOMAIN_GET_AUTOSTART', domain, options, (reader) => reader.i32('autostart') === 1);
  }

  /** Sets whether the domain starts with its host. */
  setAutostart(domain: DomainRef, autostart: boolean, options?: CallOptions): Promise<void> {
    return this.#domainCall(
      'DOMAIN_SET_AUTOSTART',
      domain,
      options,
      () => undefined,
      (writer) => writer.i32(autostart ? 1 : 0),
    );
  }

  /** Tells a running domain that its disk (`vda`, or the source's path) now has `sizeBytes`. */
  resizeDomainDisk(
    domain: DomainRef,
    disk: string,
    sizeBytes: number | bigint,
    options?: CallOptions,
  ): Promise<void> {
    const bytesFlag = 1;
    return this.#domainCall(
      'DOMAIN_BLOCK_RESIZE',
      domain,
      options,
      () => undefined,
      (writer) => writer.string(disk).u64(sizeBytes).u32(bytesFlag),
    );
  }

  /** A piece of metadata. Rejects with LibvirtError (code NO_DOMAIN_METADATA) if there is none. `flags`: AffectFlag. */
  domainMetadata(domain: DomainRef, place: MetadataPlace, flags = 0, options?: CallOptions): Promise<string> {
    return this.#domainCall(
      'DOMAIN_GET_METADATA',
      domain,
      options,
      (reader) => reader.string('the metadata'),
      (writer) =>
        writer
          .i32(writeMetadataKind(place))
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
    return this.#domainCall(
      'DOMAIN_SET_METADATA',
      domain,
      options,
      () => undefined,
      (writer) =>
        writer
          .i32(writeMetadataKind(place))
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
    return this.#domainCall(
      'QEMU_DOMAIN_MONITOR_COMMAND',
      domain,
      options,
      (reader) => reader.string("QEMU's answer"),
      (writer) => writer.string(command).u32(flags),
    );
  }

  #ask<T>(
    procedure: ProcedureName,
    domain: DomainRef,
    options: CallOptions | undefined,
    decode: (reader: XdrReader) => T,
  ): Promise<T> {
    return this.#domainCall(procedure, domain, options, decode, () => undefined);
  }

  #withFlags<T>(
    procedure: ProcedureName,
    domain: DomainRef,
    flags: number,
    options: CallOptions | undefined,
    decode: (reader: XdrReader) => T,
  ): Promise<T> {
    return this.#domainCall(procedure, domain, options, decode, (writer) => writer.u32(flags));
  }

  #domainCall<T>(
    procedure: ProcedureName,
    domain: DomainRef,
    options: CallOptions | undefined,
    decode: (reader: XdrReader) => T,
    encodeRest: (writer: XdrWriter) => unknown,
  ): Promise<T> {
    const encode = (writer: XdrWriter): unknown => encodeRest(writeDomain(writer, domain));
    return this.connection.call({ procedure, encode, decode, ...options });
  }

  #fromXml(
    procedure: ProcedureName,
    xml: string,
    flags: number,
    options: CallOptions | undefined,
  ): Promise<DomainRef> {
    return this.connection.call({
      procedure,
      encode: (writer) => writer.string(xml).u32(flags),
      decode: readDomain,
      ...options,
    });
  }
}
