import type { CallOptions } from './calls.ts';
import { type LifecycleEventName, nameLifecycleEvent } from './lifecycle.ts';
import { maxJobParameters } from './migration-calls.ts';
import { type DomainRef, readDomain, writeDomain } from './objects.ts';
import { domainEvents, monitorEvent } from './procedures.ts';
import { StorageCalls } from './storage-calls.ts';
import { type ParameterValue, readTypedParameters } from './typed-parameters.ts';
import type { XdrReader } from './xdr.ts';

/** A change in a domain's life. */
export interface LifecycleEvent {
  readonly domain: DomainRef;
  readonly event: LifecycleEventName;
  /** As `virsh event` puts it, e.g. `Booted`, `Migrated`; `unknown (17)` for a code without a name. */
  readonly detail: string;
  /** virDomainEventType, e.g. 2 for Started. */
  readonly code: number;
  readonly detailCode: number;
}

/** A job of a domain (a migration, say) has ended; its statistics by libvirt's names. */
export interface JobCompletedEvent {
  readonly domain: DomainRef;
  readonly parameters: Record<string, ParameterValue>;
}

/** A migration begins another pass over the domain's memory. */
export interface MigrationIterationEvent {
  readonly domain: DomainRef;
  /** Counts from 1. */
  readonly iteration: number;
}

/** An event of QEMU's own monitor (QMP), with the time of the host's clock at which it came about. */
export interface MonitorEvent {
  /** QEMU's name of it, `RESET`. */
  readonly event: string;
  /** Since 1970, by the host's clock. */
  readonly hostMs: number;
}

/** What each subscription takes beside its listener. */
export interface SubscribeOptions extends CallOptions {
  /** Events of this domain alone; all domains' if it is left out. */
  readonly domain?: DomainRef | undefined;
}

/** Ends a subscription: no event reaches the listener from the moment of the call; resolves when the host knows. */
export type Unsubscribe = (options?: CallOptions) => Promise<void>;

/**
 * The subscriptions.
 *
 * A listener is called in the order in which the host sent the events, the first perhaps before the subscription's
 * promise has resolved; no event is lost in between. Once a later call on the same connection has resolved, every
 * event that came before its answer has been handed over. What a listener throws is raised as an uncaught exception
 * of the process: it is a bug of its own and not the connection's.
 */
export class EventCalls extends StorageCalls {
  /** Starts, stops, pauses, definitions: virDomainEventID LIFECYCLE. */
  onLifecycle(listener: (event: LifecycleEvent) => void, options?: SubscribeOptions): Promise<Unsubscribe> {
    const read = (reader: XdrReader): LifecycleEvent => {
      const domain = readDomain(reader);
      const code = reader.i32('the event');
      const detailCode = reader.i32("the event's detail");
      return { domain, ...nameLifecycleEvent(code, detailCode), code, detailCode };
    };
    return this.#subscribe(domainEvents.lifecycle, read, listener, options);
  }

  /** The end of a job, with its statistics: virDomainEventID JOB_COMPLETED. libvirt sends it at the source. */
  onJobCompleted(
    listener: (event: JobCompletedEvent) => void,
    options?: SubscribeOptions,
  ): Promise<Unsubscribe> {
    const read = (reader: XdrReader): JobCompletedEvent => {
      const domain = readDomain(reader);
      return { domain, parameters: readTypedParameters(reader, maxJobParameters) };
    };
    return this.#subscribe(domainEvents.jobCompleted, read, listener, options);
  }

  /** Each pass of a migration over the memory: virDomainEventID MIGRATION_ITERATION. Sent at the source. */
  onMigrationIteration(
    listener: (event: MigrationIterationEvent) => void,
    options?: SubscribeOptions,
  ): Promise<Unsubscribe> {
    const read = (reader: XdrReader): MigrationIterationEvent => {
      const domain = readDomain(reader);
      return { domain, iteration: reader.i32('the iteration') };
    };
    return this.#subscribe(domainEvents.migrationIteration, read, listener, options);
  }

  /**
   * QEMU's own events of one name and one domain, past libvirt (virConnectDomainQemuMonitorEventRegister), until the
   * connection ends.
   */
  async onMonitorEvent(
    domain: DomainRef,
    event: string,
    listener: (event: MonitorEvent) => void,
    options?: CallOptions,
  ): Promise<void> {
    const { events } = this.connection;
    const deliver = (reader: XdrReader): void => {
      readDomain(reader);
      const name = reader.string('the name of the event');
      const seconds = reader.i64Number('its seconds');
      const micros = reader.u32('its microseconds');
      reader.optionalString('its details');
      reader.end();
      listener({ event: name, hostMs: seconds * 1000 + micros / 1000 });
    };
    events.registrationBegins();
    await this.connection.call({
      procedure: 'QEMU_CONNECT_DOMAIN_MONITOR_EVENT_REGISTER',
      encode: (writer) =>
        writer
          .optional(domain, (filter) => writeDomain(writer, filter))
          .optionalString(event)
          .u32(0),
      decode: (reader) => reader.i32('the callback id'),
      onAnswer: (callbackId) =>
        events.registrationAnswered({ procedure: monitorEvent.procedure, callbackId }, deliver),
      onFailure: () => events.registrationFailed(),
      ...options,
    });
  }

  async #subscribe<Event>(
    kind: { readonly id: number; readonly procedure: number },
    read: (reader: XdrReader) => Event,
    listener: (event: Event) => void,
    options: SubscribeOptions = {},
  ): Promise<Unsubscribe> {
    const { events } = this.connection;
    const { domain, ...callOptions } = options;
    const deliver = (reader: XdrReader): void => {
      const event = read(reader);
      reader.end();
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    };
    events.registrationBegins();
    const callbackId = await this.connection.call({
      procedure: 'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY',
      encode: (writer) => writer.i32(kind.id).optional(domain, (filter) => writeDomain(writer, filter)),
      decode: (reader) => reader.i32('the callback id'),
      onAnswer: (id) => events.registrationAnswered({ procedure: kind.procedure, callbackId: id }, deliver),
      onFailure: () => events.registrationFailed(),
      ...callOptions,
    });
    return async (unsubscribeOptions) => {
      events.remove({ procedure: kind.procedure, callbackId });
      await this.connection.call({
        procedure: 'CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY',
        encode: (writer) => writer.i32(callbackId),
        decode: () => undefined,
        ...unsubscribeOptions,
      });
    };
  }
}
