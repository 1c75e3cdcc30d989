/** How libvirt refuses under codes that say nothing by themselves; `libvirt-refusals.ts` says how the rules are read. */
import type { HostCall } from './driver.ts';
import type { Rule } from './libvirt-refusals.ts';

const failed = ['OPERATION_FAILED'];
const invalid = ['OPERATION_INVALID'];
const internal = ['INTERNAL_ERROR'];
const system = ['SYSTEM_ERROR'];
/** A lost peer comes under all of these. */
const lost = ['INTERNAL_ERROR', 'SYSTEM_ERROR', 'OPERATION_FAILED', 'RPC'];

/** Calls that a VM without a process fulfils as it is. */
const ending: readonly HostCall[] = ['destroy', 'shutDown', 'quit'];
/** Calls about a migration that may have ended meanwhile. */
const aboutJob: readonly HostCall[] = ['abortMigration', 'migrationProgress', 'setMaxDowntime'];

/** The order counts. */
export const rulesByText: readonly Rule[] = [
  // Another copy.
  {
    name: 'a copy with this UUID is active at the target',
    class: 'alarm',
    codes: invalid,
    text: /domain '.*' is already active/,
    calls: ['migrate'],
  },
  {
    name: 'another process holds the disks, and the VM was to start',
    class: 'alarm',
    codes: internal,
    text: /Failed to get (shared )?"(write|consistent read)" lock/,
    calls: ['start', 'migrate'],
  },
  {
    name: 'another process holds the disks',
    class: 'look',
    codes: internal,
    text: /Failed to get (shared )?"(write|consistent read)" lock/,
  },
  {
    name: 'a lock of its disks is held elsewhere',
    class: 'look',
    codes: internal,
    text: /Failed to acquire lock/,
  },

  // The connection between the hosts.
  {
    name: "the target's migration port does not answer",
    class: 'elsewhere',
    codes: system,
    text: /unable to connect to server at '.*:49(1[5-9]\d|20\d|21[0-5])'/,
    calls: ['migrate'],
  },
  {
    name: "the target's libvirtd can't be reached",
    class: 'again',
    codes: system,
    text: /unable to connect to server at|Unable to resolve address/,
  },
  {
    name: "the target's libvirtd let nobody in, or died while it was asked",
    class: 'again',
    codes: system,
    text: /Unable to read TLS confirmation/,
  },
  {
    name: 'a certificate or key is missing or not accepted',
    class: 'never',
    codes: [...system, ...internal, 'RPC'],
    text: /certificate|credentials|TLS (handshake|x509)/i,
  },
  {
    name: 'the connection between the hosts was lost',
    class: 'look',
    codes: lost,
    text: /client socket is closed|keepalive timeout|End of file while reading data|Cannot (recv|write) data|Lost connection to destination host/,
  },

  // The migration's own end.
  {
    name: 'the copy failed after the guest had switched over (post-copy)',
    class: 'look',
    codes: [...failed, ...invalid],
    text: /failed in post-copy phase|post-copy migration/,
  },
  {
    name: 'the copy failed',
    class: 'elsewhere',
    codes: failed,
    text: /(job 'migration out'|migration out job:?) (failed|unexpectedly failed)/,
  },
  {
    name: 'a migration is under way',
    class: 'attach',
    codes: invalid,
    text: /another migration job is already running/,
  },
  {
    name: 'a migration that has switched over is past aborting (post-copy)',
    class: 'never',
    codes: invalid,
    text: /cannot abort migration in post-copy mode/,
  },
  {
    name: 'no migration is under way any more',
    class: 'alreadySo',
    codes: invalid,
    text: /no job is active|is not being migrated|domain is not running/,
    calls: aboutJob,
  },
  { name: 'no migration to go on with', class: 'look', codes: invalid, text: /is not being migrated/ },
  {
    name: "the VM as it is now can't be migrated",
    class: 'never',
    codes: invalid,
    text: /(cannot|can't) (be )?migrate|block job|assigned .*host devices/,
  },
  { name: 'a command is mistaken', class: 'never', codes: internal, text: /cannot parse json/ },
  {
    name: 'source and target have the same host UUID',
    class: 'never',
    codes: internal,
    text: /Attempt to migrate guest to the same host/,
  },
  {
    name: 'another VM at the target has its name or its UUID',
    class: 'never',
    codes: failed,
    text: /domain '.*' (already exists with uuid|is already defined with uuid)/,
  },

  // The state that an order needs.
  {
    name: 'it has ended already',
    class: 'alreadySo',
    codes: [...invalid, ...failed],
    text: /domain is (not|no longer) running/,
    calls: ending,
  },
  {
    name: 'its process has ended',
    class: 'look',
    codes: [...invalid, ...failed],
    text: /domain is (not|no longer) running/,
  },
  {
    name: 'its process went while it was told to end',
    class: 'alreadySo',
    codes: [...internal, ...system],
    text: /(read|file) from (qemu )?monitor/,
    calls: ending,
  },
  {
    name: 'its process went while it was asked',
    class: 'look',
    codes: [...internal, ...system],
    text: /(read|file) from (qemu )?monitor/,
  },
  {
    name: 'it runs already',
    class: 'alreadySo',
    codes: invalid,
    text: /domain is already running/,
    calls: ['start', 'resume'],
  },
  {
    name: 'its definition is gone already',
    class: 'alreadySo',
    codes: invalid,
    text: /cannot undefine transient domain/,
    calls: ['undefine'],
  },

  // What a host lacks.
  {
    name: 'the host lacks memory for it',
    class: 'elsewhere',
    codes: [...internal, ...system],
    text: /Cannot allocate memory/,
  },
  {
    name: "the host can't open a disk or a file of it",
    class: 'elsewhere',
    codes: [...internal, ...system],
    text: /Could not open|Failed to connect to|export not available|Cannot access (storage|backing) file|Failed to create file/,
  },
  {
    name: 'the host lacks its emulator',
    class: 'elsewhere',
    codes: system,
    text: /Cannot check QEMU binary/,
  },
  {
    name: "the host's QEMU went without a word",
    class: 'elsewhere',
    codes: internal,
    text: /(qemu unexpectedly closed the monitor|process exited while connecting to monitor)(: )?$/,
  },
  {
    name: 'the host lacks a network of it',
    class: 'elsewhere',
    codes: [...internal, ...system],
    text: /Cannot get interface (MTU|flags|index)|Unable to add bridge/,
  },
  {
    name: 'the host has no free port for a migration',
    class: 'elsewhere',
    codes: internal,
    text: /Unable to find an unused port/,
  },
  {
    name: 'the target does not know its CPU model',
    class: 'elsewhere',
    codes: internal,
    text: /Unknown CPU model/,
    calls: ['migrate'],
  },
  {
    name: 'the host lacks features of its CPU',
    class: 'elsewhere',
    codes: failed,
    text: /guest CPU doesn't match specification/,
  },
  { name: 'no host knows its CPU model', class: 'never', codes: internal, text: /Unknown CPU model/ },
];
