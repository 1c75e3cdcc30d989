/** Flags of a migration (virDomainMigrateFlags of libvirt-domain.h). */
export const MigrateFlag = {
  live: 1,
  /** The source's libvirtd drives the migration to its end, whatever becomes of the caller. */
  peer2peer: 2,
  tunnelled: 4,
  persistDest: 8,
  undefineSource: 16,
  /** The domain stays paused at the target. */
  paused: 32,
  nonSharedDisk: 64,
  nonSharedIncremental: 128,
  changeProtection: 256,
  unsafe: 512,
  offline: 1_024,
  compressed: 2_048,
  abortOnError: 4_096,
  autoConverge: 8_192,
  rdmaPinAll: 16_384,
  postCopy: 32_768,
  tls: 65_536,
  parallel: 131_072,
  nonSharedSynchronousWrites: 262_144,
  postCopyResume: 524_288,
  zeroCopy: 1_048_576,
} as const;

/** Flags of a domain's XML (virDomainXMLFlags). The secure flag (1) is left out: passwords stay at the host. */
export const XmlFlag = { inactive: 2, updateCpu: 4, migratable: 8 } as const;

/** Flags of job statistics (virDomainGetJobStatsFlags). */
export const JobStatsFlag = { completed: 1, keepCompleted: 2 } as const;

/** Flags of a start (virDomainCreateFlags). */
export const CreateFlag = {
  paused: 1,
  /** The domain is destroyed when this connection ends. */
  autodestroy: 2,
  bypassCache: 4,
  forceBoot: 8,
  validate: 16,
  resetNvram: 32,
} as const;

/** Flags of a forced stop (virDomainDestroyFlagsValues). */
export const DestroyFlag = { graceful: 1, removeLogs: 2 } as const;

/** Flags of an undefine (virDomainUndefineFlagsValues). */
export const UndefineFlag = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const;

/** Ways of asking a guest to shut down or reboot (virDomainShutdownFlagValues). */
export const ShutdownFlag = {
  acpiPowerButton: 1,
  guestAgent: 2,
  initctl: 4,
  signal: 8,
  paravirt: 16,
} as const;

/** Which domains are listed (virConnectListAllDomainsFlags); 0 lists all. */
export const ListDomainsFlag = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
} as const;

/** Groups of statistics (virDomainStatsTypes); 0 asks for all. */
export const StatsGroup = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1_024,
} as const;

/** Flags of statistics beside the domain filters of ListDomainsFlag (virConnectGetAllDomainStatsFlags). */
export const StatsFlag = {
  /** Don't wait for a domain that is busy with a job: report what is known without it. */
  noWait: 536_870_912,
  backing: 1_073_741_824,
  enforceStats: 2_147_483_648,
} as const;

/** Where a change applies (virDomainModificationImpact). */
export const AffectFlag = { current: 0, live: 1, config: 2 } as const;

/** Flags of a volume's resize (virStorageVolResizeFlags). */
export const VolumeResizeFlag = { allocate: 1, delta: 2, shrink: 4 } as const;
