/** The public face of the libvirt client; README.md says how the parts fit. */
import type { Duplex } from 'node:stream';
import type { CallLimits, CallOptions } from './calls.ts';
import { Connection } from './connection.ts';
import { ErrorCode, ErrorDomain } from './error-codes.ts';
import { accessRefusalBehind, LibvirtConnectionLost, LibvirtError, LibvirtTimeout } from './errors.ts';
import { EventCalls } from './event-calls.ts';
import type { Transport } from './transport.ts';

export type { CallLimits, CallOptions } from './calls.ts';
export type { DomainInfo, DomainStats, MetadataPlace } from './domain-calls.ts';
export { domainStateReport } from './domain-state.ts';
export type { DomainState, DomainStateReport } from './domain-state.ts';
export { ErrorCode, ErrorDomain } from './error-codes.ts';
export {
  LibvirtAccessRefused,
  LibvirtConnectionLost,
  LibvirtError,
  LibvirtOverloaded,
  LibvirtProtocolError,
  LibvirtTimeout,
} from './errors.ts';
export type {
  JobCompletedEvent,
  LifecycleEvent,
  MigrationIterationEvent,
  MonitorEvent,
  SubscribeOptions,
  Unsubscribe,
} from './event-calls.ts';
export * from './flags.ts';
export type { CpuComparison, NodeInfo } from './host-calls.ts';
export type { LifecycleEventName } from './lifecycle.ts';
export type { JobInfo, JobStats, JobType, MigrationParameters } from './migration-calls.ts';
export type { DomainRef, StoragePoolRef, StorageVolumeRef } from './objects.ts';
export type { StoragePoolInfo, StorageVolumeInfo } from './storage-calls.ts';
export { libvirtTlsFiles, type TlsFiles } from './tls-files.ts';
export { defaultTcpPort, tcpTransport, unixTransport } from './transport.ts';
export type { Transport } from './transport.ts';
export { sshTransport, type SshSettings, type SshTarget } from './transport-ssh.ts';
export { defaultTlsPort, tlsTransport } from './transport-tls.ts';
export { transportTo, type Credentials } from './transport-to.ts';
export type { ParameterValue } from './typed-parameters.ts';

/** How to open a client. */
export interface OpenOptions {
  /** Which driver of the daemon: default `qemu:///system`. */
  readonly uri?: string;
  /** The bound of each call that names none, and of the opening as a whole, in milliseconds: default 10,000. */
  readonly timeoutMs?: number;
  /**
   * After each `intervalMs` of silence the host is pinged; after `count` pings without any sign of life it counts
   * as dead: default 1,000 ms and 3, so after 4 s. Asking for keepalive also makes libvirtd watch this side, by the
   * keepalive_interval and keepalive_count of its own libvirtd.conf. `false` does neither.
   */
  readonly keepalive?: { readonly intervalMs: number; readonly count: number } | false;
  /** Opens the connection for reading alone: libvirt refuses what changes anything. */
  readonly readOnly?: boolean;
  /** Gives the opening up with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many calls may be at the host at a time (default 4), and how many may wait. */
  readonly limits?: CallLimits;
}

/** VIR_CONNECT_RO of libvirt-host.h. */
const readOnlyFlag = 1;
/** VIR_DRV_FEATURE_PROGRAM_KEEPALIVE of libvirt_internal.h. */
const keepaliveFeature = 10;
/** remote_auth_type of remote_protocol.x. */
const AuthType = { none: 0, sasl: 1, polkit: 2 } as const;
const maxAuthTypes = 20;
/** How long the farewell may take; the host notices the end of the connection anyway. */
const farewellMs = 1_000;

/**
 * Opens a connection to a libvirt daemon.
 *
 * Rejects with LibvirtConnectionLost (no connection), LibvirtAccessRefused (a certificate or key is not accepted, by
 * either side), LibvirtTimeout (procedure CONNECT_OPEN), LibvirtError (the host refuses) or LibvirtProtocolError
 * (something else answers); nothing stays open then.
 */
export async function openLibvirt(transport: Transport, options: OpenOptions = {}): Promise<LibvirtClient> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const giveUp = new AbortController();
  const timer = setTimeout(
    () =>
      giveUp.abort(
        new LibvirtTimeout({
          procedure: 'CONNECT_OPEN',
          timeoutMs,
          sent: false,
          message: `${transport.description} could not be opened within ${timeoutMs} ms`,
        }),
      ),
    timeoutMs,
  );
  const signal =
    options.signal === undefined ? giveUp.signal : AbortSignal.any([giveUp.signal, options.signal]);
  try {
    const stream = await transport.open(signal);
    return await greet(stream, transport, { ...options, timeoutMs, signal });
  } catch (error) {
    // ssh tells what it has against a host only while the first call is open.
    throw accessRefusalBehind(error) ?? error;
  } finally {
    clearTimeout(timer);
  }
}

async function greet(
  stream: Duplex,
  { description: peer, ifHungUp }: Transport,
  options: OpenOptions & { timeoutMs: number; signal: AbortSignal },
): Promise<LibvirtClient> {
  const connection = new Connection(stream, { peer, timeoutMs: options.timeoutMs, limits: options.limits });
  // One bound for the opening as a whole, told by the signal.
  const within: CallOptions = { timeoutMs: Infinity, signal: options.signal };
  try {
    await authenticate(connection, within).catch((error: unknown) => {
      if (!(error instanceof LibvirtConnectionLost) || ifHungUp === undefined) throw error;
      throw new LibvirtConnectionLost(`${error.message}; ${ifHungUp}`, { cause: error });
    });
    if (options.keepalive !== false) await negotiateKeepalive(connection, options.keepalive, within);
    await connection.call({
      procedure: 'CONNECT_OPEN',
      encode: (writer) =>
        writer
          .optionalString(options.uri ?? 'qemu:///system')
          .u32(options.readOnly === true ? readOnlyFlag : 0),
      decode: () => undefined,
      ...within,
    });
    return new LibvirtClient(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function authenticate(connection: Connection, options: CallOptions): Promise<void> {
  const offered = await connection.call({
    procedure: 'AUTH_LIST',
    decode: (reader) => reader.array('kinds of authentication', maxAuthTypes, () => reader.i32('a kind')),
    ...options,
  });
  if (offered.includes(AuthType.none)) return;
  if (!offered.includes(AuthType.polkit)) {
    throw new LibvirtError({
      code: ErrorCode.AUTH_UNAVAILABLE,
      domain: ErrorDomain.AUTH,
      level: 2,
      message: `${connection.peer} demands an authentication that this client lacks (kinds ${offered.join(', ')}; 1 is SASL)`,
      procedure: 'AUTH_LIST',
    });
  }
  await connection.call({
    procedure: 'AUTH_POLKIT',
    decode: (reader) => reader.i32('whether polkit is done'),
    ...options,
  });
}

async function negotiateKeepalive(
  connection: Connection,
  keepalive: { intervalMs: number; count: number } = { intervalMs: 1_000, count: 3 },
  options: CallOptions,
): Promise<void> {
  const supported = await connection.call({
    procedure: 'CONNECT_SUPPORTS_FEATURE',
    encode: (writer) => writer.i32(keepaliveFeature),
    decode: (reader) => reader.i32('whether keepalive is supported'),
    ...options,
  });
  if (supported === 1) connection.startKeepalive(keepalive);
}

/**
 * A connection to one libvirt daemon, with libvirt's calls as methods. Its subjects stand in files of their own,
 * each a layer of this class: host-calls, domain-calls, life-calls, migration-calls, storage-calls, event-calls.
 *
 * Each method takes `{timeoutMs, signal}` last and rejects with LibvirtError (the host refused), LibvirtTimeout,
 * LibvirtConnectionLost, LibvirtProtocolError or LibvirtOverloaded.
 */
export class LibvirtClient extends EventCalls {
  /** Resolves, never rejects, with the reason when the connection ends, whoever ends it. */
  get closed(): Promise<Error> {
    return this.connection.closed;
  }

  /**
   * Takes leave of the host and ends the connection; calls that are still open reject with LibvirtConnectionLost. Nothing
   * is sent after the farewell: what has several steps goes no further, also where the host is slow to take leave.
   */
  async close(): Promise<void> {
    // Whatever the host says to the farewell, or if it says nothing: the connection ends here.
    const farewell = this.connection.callLast({
      procedure: 'CONNECT_CLOSE',
      decode: () => undefined,
      timeoutMs: farewellMs,
    });
    await Promise.allSettled([farewell]);
    this.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
