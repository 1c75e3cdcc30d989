/** One of the programs that a libvirt daemon speaks over a connection. */
export interface Program {
  readonly number: number;
  readonly version: number;
}

/** REMOTE_PROGRAM of remote_protocol.x: libvirt's public calls and events. */
export const remoteProgram: Program = { number: 0x2000_8086, version: 1 };
/** QEMU_PROGRAM of qemu_protocol.x: calls that reach past libvirt to QEMU. */
export const qemuProgram: Program = { number: 0x2000_8087, version: 1 };
/** KEEPALIVE_PROGRAM of virkeepaliveprotocol.x: pings and pongs, in both directions. */
export const keepaliveProgram: Program = { number: 0x6b65_6570, version: 1 };

/** The calls this client makes, by libvirt's names: REMOTE_PROC_... of libvirt 9.0's remote_protocol.x. */
const remoteProcedures = {
  CONNECT_OPEN: 1,
  CONNECT_CLOSE: 2,
  CONNECT_GET_VERSION: 4,
  NODE_GET_INFO: 6,
  CONNECT_GET_CAPABILITIES: 7,
  DOMAIN_CREATE_XML: 10,
  DOMAIN_GET_XML_DESC: 14,
  DOMAIN_GET_AUTOSTART: 15,
  DOMAIN_GET_INFO: 16,
  DOMAIN_LOOKUP_BY_NAME: 23,
  DOMAIN_LOOKUP_BY_UUID: 24,
  DOMAIN_REBOOT: 27,
  DOMAIN_RESUME: 28,
  DOMAIN_SET_AUTOSTART: 29,
  DOMAIN_SUSPEND: 34,
  CONNECT_GET_HOSTNAME: 59,
  CONNECT_SUPPORTS_FEATURE: 60,
  AUTH_LIST: 66,
  AUTH_POLKIT: 70,
  STORAGE_POOL_CREATE_XML: 76,
  STORAGE_POOL_DEFINE_XML: 77,
  STORAGE_POOL_CREATE: 78,
  STORAGE_POOL_BUILD: 79,
  STORAGE_POOL_DESTROY: 80,
  STORAGE_POOL_UNDEFINE: 82,
  STORAGE_POOL_REFRESH: 83,
  STORAGE_POOL_LOOKUP_BY_NAME: 84,
  STORAGE_POOL_LOOKUP_BY_UUID: 85,
  STORAGE_POOL_LOOKUP_BY_VOLUME: 86,
  STORAGE_POOL_GET_INFO: 87,
  STORAGE_POOL_GET_XML_DESC: 88,
  STORAGE_POOL_SET_AUTOSTART: 90,
  STORAGE_VOL_CREATE_XML: 93,
  STORAGE_VOL_DELETE: 94,
  STORAGE_VOL_LOOKUP_BY_NAME: 95,
  STORAGE_VOL_LOOKUP_BY_PATH: 97,
  STORAGE_VOL_GET_INFO: 98,
  STORAGE_VOL_GET_XML_DESC: 99,
  STORAGE_VOL_GET_PATH: 100,
  NODE_GET_FREE_MEMORY: 102,
  DOMAIN_IS_PERSISTENT: 151,
  CONNECT_GET_LIB_VERSION: 157,
  CONNECT_COMPARE_CPU: 158,
  DOMAIN_GET_JOB_INFO: 163,
  DOMAIN_ABORT_JOB: 164,
  DOMAIN_MIGRATE_SET_MAX_DOWNTIME: 166,
  DOMAIN_CREATE_WITH_FLAGS: 196,
  DOMAIN_MIGRATE_SET_MAX_SPEED: 207,
  DOMAIN_GET_STATE: 212,
  DOMAIN_UNDEFINE_FLAGS: 231,
  DOMAIN_DESTROY_FLAGS: 234,
  DOMAIN_MIGRATE_GET_MAX_SPEED: 242,
  DOMAIN_RESET: 245,
  DOMAIN_BLOCK_RESIZE: 251,
  DOMAIN_SHUTDOWN_FLAGS: 258,
  STORAGE_VOL_RESIZE: 260,
  DOMAIN_SET_METADATA: 264,
  DOMAIN_GET_METADATA: 265,
  CONNECT_LIST_ALL_DOMAINS: 273,
  CONNECT_LIST_ALL_STORAGE_POOLS: 281,
  STORAGE_POOL_LIST_ALL_VOLUMES: 282,
  CONNECT_LIST_ALL_NETWORKS: 283,
  CONNECT_LIST_ALL_INTERFACES: 284,
  DOMAIN_GET_JOB_STATS: 298,
  DOMAIN_MIGRATE_PERFORM3_PARAMS: 305,
  CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: 316,
  CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: 317,
  CONNECT_GET_DOMAIN_CAPABILITIES: 342,
  CONNECT_GET_ALL_DOMAIN_STATS: 344,
  DOMAIN_DEFINE_XML_FLAGS: 350,
  DOMAIN_MIGRATE_GET_MAX_DOWNTIME: 387,
  CONNECT_COMPARE_HYPERVISOR_CPU: 393,
} as const;

/** The calls of QEMU's own program: QEMU_PROC_... of qemu_protocol.x. */
const qemuProcedures = {
  QEMU_DOMAIN_MONITOR_COMMAND: 1,
  QEMU_CONNECT_DOMAIN_MONITOR_EVENT_REGISTER: 4,
} as const;

/** libvirt's name of a call that this client makes. */
export type ProcedureName = keyof typeof remoteProcedures | keyof typeof qemuProcedures;

/** A call's full address. */
export interface Procedure {
  readonly name: ProcedureName;
  readonly program: Program;
  readonly number: number;
}

function isQemuProcedure(name: ProcedureName): name is keyof typeof qemuProcedures {
  return Object.hasOwn(qemuProcedures, name);
}

/** Where a call goes by its name. */
export function procedure(name: ProcedureName): Procedure {
  return isQemuProcedure(name)
    ? { name, program: qemuProgram, number: qemuProcedures[name] }
    : { name, program: remoteProgram, number: remoteProcedures[name] };
}

/**
 * Events: the id to register with (virDomainEventID of libvirt-domain.h) and the procedure under which each one
 * comes (REMOTE_PROC_DOMAIN_EVENT_CALLBACK_...).
 */
export const domainEvents = {
  lifecycle: { id: 0, procedure: 318 },
  migrationIteration: { id: 20, procedure: 359 },
  jobCompleted: { id: 21, procedure: 363 },
} as const;

/** QEMU's own events, by QEMU's program: QEMU_PROC_DOMAIN_MONITOR_EVENT. No event of the other program has its number. */
export const monitorEvent = { procedure: 6 } as const;
