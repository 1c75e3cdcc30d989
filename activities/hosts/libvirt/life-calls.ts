import type { CallOptions } from './calls.ts';
import { DomainCalls, flagged } from './domain-calls.ts';
import { type DomainRef, readDomain } from './objects.ts';

/** The calls that change a domain's life: defined, started, paused, stopped, gone. */
export class LifeCalls extends DomainCalls {
  /** Defines a persistent domain, or changes one of the same name and UUID; it does not start. */
  defineDomain(xml: string, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.#fromXml('DOMAIN_DEFINE_XML_FLAGS', xml, flags, options);
  }

  /** Removes the definition; a running domain becomes transient. `flags`: UndefineFlag. */
  undefineDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_UNDEFINE_FLAGS', domain, options, () => undefined, flagged(flags));
  }

  /** Starts a defined domain; resolves with its new id. `flags`: CreateFlag. */
  startDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.onDomain('DOMAIN_CREATE_WITH_FLAGS', domain, options, readDomain, flagged(flags));
  }

  /** Creates and starts a transient domain. `flags`: CreateFlag. */
  createDomain(xml: string, flags = 0, options?: CallOptions): Promise<DomainRef> {
    return this.#fromXml('DOMAIN_CREATE_XML', xml, flags, options);
  }

  /** Ends a domain at once, as pulling its plug would. `flags`: DestroyFlag. */
  destroyDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_DESTROY_FLAGS', domain, options, () => undefined, flagged(flags));
  }

  /** Asks the guest to shut down; resolves when it was asked, not when it is off. `flags`: ShutdownFlag. */
  shutdownDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_SHUTDOWN_FLAGS', domain, options, () => undefined, flagged(flags));
  }

  /** Pauses a running domain. */
  suspendDomain(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_SUSPEND', domain, options, () => undefined);
  }

  /** Lets a paused domain run on. */
  resumeDomain(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_RESUME', domain, options, () => undefined);
  }

  /** Asks the guest to reboot. `flags`: ShutdownFlag (virDomainRebootFlagValues has the same values). */
  rebootDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_REBOOT', domain, options, () => undefined, flagged(flags));
  }

  /** Resets the domain's machine without asking its guest. */
  resetDomain(domain: DomainRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_RESET', domain, options, () => undefined, flagged(flags));
  }

  /** Whether the domain starts with its host. */
  autostart(domain: DomainRef, options?: CallOptions): Promise<boolean> {
    return this.onDomain('DOMAIN_GET_AUTOSTART', domain, options, (reader) => reader.i32('autostart') === 1);
  }

  /** Sets whether the domain starts with its host. */
  setAutostart(domain: DomainRef, autostart: boolean, options?: CallOptions): Promise<void> {
    return this.onDomain(
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
    return this.onDomain(
      'DOMAIN_BLOCK_RESIZE',
      domain,
      options,
      () => undefined,
      (writer) => writer.string(disk).u64(sizeBytes).u32(bytesFlag),
    );
  }

  #fromXml(
    procedure: 'DOMAIN_DEFINE_XML_FLAGS' | 'DOMAIN_CREATE_XML',
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
