import type { CallOptions } from './calls.ts';
import { flagged } from './domain-calls.ts';
import { LifeCalls } from './life-calls.ts';
import { nameAt, type Unnamed } from './names.ts';
import { type DomainRef, writeDomain } from './objects.ts';
import {
  type ParameterTypeName,
  type ParameterValue,
  readTypedParameters,
  type TypedParameter,
  writeTypedParameters,
} from './typed-parameters.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/** REMOTE_DOMAIN_JOB_STATS_MAX, REMOTE_MIGRATE_COOKIE_MAX and REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX of remote_protocol.x. */
export const maxJobParameters = 64;
const maxCookieBytes = 4_194_304;
const maxMigrationParameters = 64;

const jobTypes = ['none', 'bounded', 'unbounded', 'completed', 'failed', 'cancelled'] as const;

/** Whether a job runs (`bounded`, `unbounded`) or how the last one ended (virDomainJobType). */
export type JobType = (typeof jobTypes)[number] | Unnamed;

/** A job's progress by libvirt's names, e.g. `memory_remaining`, `downtime` (VIR_DOMAIN_JOB_... of libvirt-domain.h). */
export interface JobStats {
  readonly type: JobType;
  readonly parameters: Record<string, ParameterValue>;
}

/** A job's progress in figures (virDomainJobInfo); what does not apply is 0. */
export interface JobInfo {
  readonly type: JobType;
  readonly timeElapsedMs: number;
  readonly timeRemainingMs: number;
  readonly dataTotalBytes: number;
  readonly dataProcessedBytes: number;
  readonly dataRemainingBytes: number;
  readonly memoryTotalBytes: number;
  readonly memoryProcessedBytes: number;
  readonly memoryRemainingBytes: number;
  readonly fileTotalBytes: number;
  readonly fileProcessedBytes: number;
  readonly fileRemainingBytes: number;
}

/** What libvirt takes for each parameter of a migration (qemu_migration.h, QEMU_MIGRATION_PARAMETERS). */
const parameterTypes = {
  migrate_uri: 'string',
  destination_name: 'string',
  destination_xml: 'string',
  persistent_xml: 'string',
  bandwidth: 'ullong',
  'bandwidth.postcopy': 'ullong',
  graphics_uri: 'string',
  listen_address: 'string',
  migrate_disks: 'string',
  disks_port: 'int',
  disks_uri: 'string',
  compression: 'string',
  'compression.mt.level': 'int',
  'compression.mt.threads': 'int',
  'compression.mt.dthreads': 'int',
  'compression.xbzrle.cache': 'ullong',
  'auto_converge.initial': 'int',
  'auto_converge.increment': 'int',
  'parallel.connections': 'int',
  'tls.destination': 'string',
} as const satisfies Record<string, ParameterTypeName>;

type ParameterTypes = typeof parameterTypes;

/**
 * The parameters of a migration by libvirt's names (VIR_MIGRATE_PARAM_...): bandwidths in MiB/s, the XBZRLE cache
 * in bytes. `migrate_disks` and `compression` may be given several times, as an array.
 */
export type MigrationParameters = {
  readonly [Name in keyof ParameterTypes]?:
    | (ParameterTypes[Name] extends 'string' ? string | readonly string[] : number | bigint)
    | undefined;
};

function typedParameters(parameters: MigrationParameters): TypedParameter[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const type = Object.hasOwn(parameterTypes, name)
      ? parameterTypes[name as keyof ParameterTypes]
      : undefined;
    if (type === undefined) throw new RangeError(`"${name}" is no parameter of a migration`);
    const values = typeof value === 'object' ? value : [value];
    return values.map((single) => ({ name, type, value: single }));
  });
}

/** The calls about live migration and the jobs of domains. */
export class MigrationCalls extends LifeCalls {
  /**
   * Migrates a domain and resolves when libvirt says it is over (virDomainMigrateToURI3, peer to peer: `flags`
   * must hold MigrateFlag.peer2peer). The host drives it: a call that is given up stops nothing, `abortJob` does.
   * No default bound. Give it a connection of its own: it keeps one of the few places at the host.
   */
  migrateToUri(
    domain: DomainRef,
    move: { destinationUri: string; parameters?: MigrationParameters; flags: number },
    options?: CallOptions,
  ): Promise<void> {
    return this.connection.call({
      procedure: 'DOMAIN_MIGRATE_PERFORM3_PARAMS',
      encode: (writer) => {
        const parameters = typedParameters(move.parameters ?? {});
        if (parameters.length > maxMigrationParameters) {
          throw new RangeError(
            `${parameters.length} parameters are above libvirt's limit of ${maxMigrationParameters}`,
          );
        }
        writeDomain(writer, domain).optionalString(move.destinationUri);
        writeTypedParameters(writer, parameters);
        writer.opaque(Buffer.alloc(0)).u32(move.flags);
      },
      decode: (reader) => {
        reader.opaque(maxCookieBytes, 'the cookie');
      },
      timeoutMs: options?.timeoutMs ?? Infinity,
      signal: options?.signal,
    });
  }

  /** The running job in figures; type `none` if there is none. */
  jobInfo(domain: DomainRef, options?: CallOptions): Promise<JobInfo> {
    return this.onDomain('DOMAIN_GET_JOB_INFO', domain, options, (reader) => ({
      type: nameAt(jobTypes, reader.i32('the job type')),
      timeElapsedMs: reader.u64Number('the time elapsed'),
      timeRemainingMs: reader.u64Number('the time remaining'),
      dataTotalBytes: reader.u64Number('the total data'),
      dataProcessedBytes: reader.u64Number('the processed data'),
      dataRemainingBytes: reader.u64Number('the remaining data'),
      memoryTotalBytes: reader.u64Number('the total memory'),
      memoryProcessedBytes: reader.u64Number('the processed memory'),
      memoryRemainingBytes: reader.u64Number('the remaining memory'),
      fileTotalBytes: reader.u64Number('the total files'),
      fileProcessedBytes: reader.u64Number('the processed files'),
      fileRemainingBytes: reader.u64Number('the remaining files'),
    }));
  }

  /**
   * The running job's statistics, or with JobStatsFlag.completed those of the last one, which libvirt then forgets
   * unless JobStatsFlag.keepCompleted is given too.
   */
  jobStats(domain: DomainRef, flags = 0, options?: CallOptions): Promise<JobStats> {
    const decode = (reader: XdrReader): JobStats => ({
      type: nameAt(jobTypes, reader.i32('the job type')),
      parameters: readTypedParameters(reader, maxJobParameters),
    });
    return this.onDomain('DOMAIN_GET_JOB_STATS', domain, options, decode, flagged(flags));
  }

  /** Ends the domain's running job. Rejects with LibvirtError (code OPERATION_INVALID) if there is none. */
  abortJob(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.onDomain('DOMAIN_ABORT_JOB', domain, options, () => undefined);
  }

  /** Sets how long a migration may stop the domain, in milliseconds; also while one runs. */
  setMaxDowntimeMs(domain: DomainRef, milliseconds: number, options?: CallOptions): Promise<void> {
    return this.#set('DOMAIN_MIGRATE_SET_MAX_DOWNTIME', domain, milliseconds, options);
  }

  /** How long a migration may stop the domain, in milliseconds. Needs a running domain. */
  getMaxDowntimeMs(domain: DomainRef, options?: CallOptions): Promise<number> {
    return this.#get('DOMAIN_MIGRATE_GET_MAX_DOWNTIME', domain, options);
  }

  /** Sets the bandwidth that a migration may use, in MiB/s; also while one runs. */
  setMigrationSpeedMiBps(domain: DomainRef, mibps: number, options?: CallOptions): Promise<void> {
    return this.#set('DOMAIN_MIGRATE_SET_MAX_SPEED', domain, mibps, options);
  }

  /** The bandwidth that a migration may use, in MiB/s. */
  getMigrationSpeedMiBps(domain: DomainRef, options?: CallOptions): Promise<number> {
    return this.#get('DOMAIN_MIGRATE_GET_MAX_SPEED', domain, options);
  }

  #set(
    procedure: 'DOMAIN_MIGRATE_SET_MAX_DOWNTIME' | 'DOMAIN_MIGRATE_SET_MAX_SPEED',
    domain: DomainRef,
    value: number,
    options: CallOptions | undefined,
  ): Promise<void> {
    const encode = (writer: XdrWriter): unknown => writer.u64(value).u32(0);
    return this.onDomain(procedure, domain, options, () => undefined, encode);
  }

  #get(
    procedure: 'DOMAIN_MIGRATE_GET_MAX_DOWNTIME' | 'DOMAIN_MIGRATE_GET_MAX_SPEED',
    domain: DomainRef,
    options: CallOptions | undefined,
  ): Promise<number> {
    return this.onDomain(procedure, domain, options, (reader) => reader.u64Number('the bound'), flagged(0));
  }
}
