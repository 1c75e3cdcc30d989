/** Refusals that are known, for tests and for the page of the operations guide. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostCall } from './driver.ts';
import type { RefusalClass } from './refusal-class.ts';

/** A refusal, and the call that it answered. */
export interface KnownRefusal {
  readonly call: HostCall;
  readonly code: string;
  readonly text: string;
}

export interface Recorded extends KnownRefusal {
  /** How it was provoked. */
  readonly how: string;
  readonly domain: string;
}

/** What real hosts said, each made to by `test/lab/refusals/`. */
export const recorded: readonly Recorded[] = Object.values(
  JSON.parse(readFileSync(join(import.meta.dirname, 'libvirt-refusals.json'), 'utf8')) as Record<
    string,
    Recorded[]
  >,
).flat();

export const invalid = 'Requested operation is not valid: ';
const monitor =
  'internal error: qemu unexpectedly closed the monitor: 2026-11-25T04:06:12Z qemu-system-x86_64: ';

/** What was read in libvirt's sources, or heard in moments that are not to be met at will, beside what was recorded. */
const read: readonly (readonly [RefusalClass, HostCall, string, string])[] = [
  // The connection between the hosts.
  ['again', 'migrate', 'SYSTEM_ERROR', "unable to connect to server at 'host2:16509': Connection refused"],
  ['elsewhere', 'migrate', 'SYSTEM_ERROR', "unable to connect to server at 'host2:49152': No route to host"],
  ['again', 'migrate', 'SYSTEM_ERROR', "unable to connect to server at 'host2:16514': No route to host"],
  [
    'again',
    'migrate',
    'SYSTEM_ERROR',
    "Unable to resolve address 'host2' service '16509': Name or service not known",
  ],
  ['again', 'migrate', 'SYSTEM_ERROR', 'Unable to read TLS confirmation: Input/output error'],
  ['look', 'migrate', 'INTERNAL_ERROR', 'internal error: client socket is closed'],
  ['look', 'migrate', 'INTERNAL_ERROR', 'internal error: connection closed due to keepalive timeout'],
  ['look', 'migrate', 'SYSTEM_ERROR', 'End of file while reading data: Input/output error'],
  ['look', 'migrate', 'SYSTEM_ERROR', 'Cannot recv data: Connection reset by peer'],
  ['look', 'migrate', 'RPC', 'Cannot write data: Broken pipe'],
  ['look', 'migrate', 'OPERATION_FAILED', 'operation failed: Lost connection to destination host'],
  ['never', 'migrate', 'SYSTEM_ERROR', 'The server certificate /etc/pki/libvirt/servercert.pem has expired'],
  ['never', 'migrate', 'RPC', 'Certificate [session] owner does not match the hostname host2'],
  ['never', 'migrate', 'SYSTEM_ERROR', "The certificate hasn't got a known issuer."],
  [
    'elsewhere',
    'open',
    'TLS_HOST_CERTIFICATE',
    'host2:16514 shows a certificate (CN=host2) that expired at 2026-01-01T00:00:00Z (it is 2026-02-01T00:00:00Z): renew it',
  ],
  [
    'elsewhere',
    'open',
    'TLS_NOT_ADMITTED',
    'host2:16514 does not admit our certificate (CN=drover, issued by CN=site CA)',
  ],
  ['elsewhere', 'open', 'TLS_NOT_SPOKEN', 'host2:16509 closed the connection in the TLS handshake, twice'],
  [
    'never',
    'open',
    'TLS_OWN_CERTIFICATE',
    "our certificate /etc/pki/libvirt/clientcert.pem can't be read: there is no such file",
  ],
  ['elsewhere', 'open', 'SSH_HOST_KEY', "ssh root@host2: the host's key is unknown here"],
  ['elsewhere', 'open', 'SSH_NOT_ADMITTED', 'ssh root@host2: the host does not admit our key'],
  ['elsewhere', 'open', 'SSH_NO_HELPER', 'ssh root@host2: the host has neither virt-ssh-helper nor nc'],
  ['never', 'open', 'SSH_OWN_KEY', "ssh root@host2: our private key can't be read"],
  ['elsewhere', 'migrate', 'AUTH_FAILED', "authentication failed: Failed to verify peer's certificate"],
  ['never', 'open', 'AUTH_FAILED', 'authentication failed: Failed to verify peer certificate'],
  ['never', 'migrate', 'ACCESS_DENIED', 'access denied: domain migrate'],

  // The migration.
  [
    'elsewhere',
    'migrate',
    'OPERATION_FAILED',
    "operation failed: job 'migration out' failed: Unable to write to socket: Connection reset by peer",
  ],
  ['elsewhere', 'migrate', 'OPERATION_FAILED', "operation failed: job 'migration out' unexpectedly failed"],
  [
    'elsewhere',
    'migrate',
    'OPERATION_FAILED',
    "operation failed: job 'migration out' failed due to I/O error",
  ],
  ['elsewhere', 'migrate', 'INTERNAL_ERROR', 'internal error: qemu unexpectedly closed the monitor'],
  ['elsewhere', 'migrate', 'OPERATION_FAILED', 'operation failed: migration out job: unexpectedly failed'], // before libvirt 9
  ['look', 'migrate', 'OPERATION_FAILED', "operation failed: job 'migration in' failed in post-copy phase"],
  ['look', 'migrate', 'OPERATION_INVALID', `${invalid}post-copy migration of domain 'web1' has not failed`],
  ['never', 'abortMigration', 'OPERATION_INVALID', `${invalid}cannot abort migration in post-copy mode`],
  ['never', 'migrate', 'OPERATION_INVALID', `${invalid}cannot migrate domain with I/O error`],
  [
    'never',
    'migrate',
    'OPERATION_INVALID',
    `${invalid}cannot migrate domain: Migration is disabled when VirtFS export path is mounted`,
  ],
  ['never', 'migrate', 'OPERATION_INVALID', `${invalid}domain has assigned non-USB host devices`],
  [
    'never',
    'migrate',
    'OPERATION_UNSUPPORTED',
    "Operation not supported: cannot migrate a domain with <hostdev mode='subsystem' type='scsi'>",
  ],
  [
    'never',
    'migrate',
    'MIGRATE_UNSAFE',
    'Unsafe migration: Migration may lead to data corruption if disks use cache other than none or directsync',
  ],
  ['look', 'migrate', 'MIGRATE_PERSIST_FAILED', 'Failed to make domain persistent after migration'],
  ['superseded', 'markEpoch', 'STALE_EPOCH', 'stale epoch 5 < 9'],

  // Another copy.
  ['alarm', 'migrate', 'OPERATION_INVALID', `${invalid}domain 'web1' is already active`],
  [
    'alarm',
    'migrate',
    'INTERNAL_ERROR',
    `${monitor}Failed to get "write" lock\nIs another process using the image [/srv/web1.qcow2]?`,
  ],
  ['alarm', 'start', 'INTERNAL_ERROR', `${monitor}Failed to get shared "write" lock`],
  [
    'look',
    'resume',
    'INTERNAL_ERROR',
    `internal error: unable to execute QEMU command 'cont': Failed to get "write" lock`,
  ],
  ['look', 'start', 'RESOURCE_BUSY', "resource busy: Lockspace resource '/srv/web1.qcow2' is locked"],
  ['look', 'start', 'INTERNAL_ERROR', 'internal error: Failed to acquire lock: error -243'],

  // The state that an order needs.
  ['alreadySo', 'quit', 'INTERNAL_ERROR', 'internal error: End of file from qemu monitor'],
  ['alreadySo', 'quit', 'SYSTEM_ERROR', 'Unable to read from monitor: Connection reset by peer'],
  ['alreadySo', 'quit', 'OPERATION_FAILED', 'operation failed: domain is no longer running'],
  ['look', 'suspend', 'INTERNAL_ERROR', 'internal error: End of file from qemu monitor'],

  // What a host lacks.
  [
    'elsewhere',
    'migrate',
    'CONFIG_UNSUPPORTED',
    'unsupported configuration: Target CPU model Skylake-Server does not match source Broadwell',
  ],
  [
    'elsewhere',
    'migrate',
    'CONFIG_UNSUPPORTED',
    "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-q35-9.0'",
  ],
  ['elsewhere', 'migrate', 'INTERNAL_ERROR', 'internal error: Unknown CPU model SapphireRapids'],
  [
    'elsewhere',
    'migrate',
    'CPU_INCOMPATIBLE',
    'the CPU is incompatible with host CPU: Host CPU does not provide required features: avx512f',
  ],
  [
    'elsewhere',
    'migrate',
    'INTERNAL_ERROR',
    `${monitor}cannot set up guest memory 'pc.ram': Cannot allocate memory`,
  ],
  [
    'elsewhere',
    'migrate',
    'SYSTEM_ERROR',
    "Cannot access storage file '/srv/web1.qcow2': No such file or directory",
  ],
  ['elsewhere', 'migrate', 'NO_NETWORK', "Network not found: no network with matching name 'blue'"],
  ['again', 'report', 'NO_MEMORY', 'out of memory'],

  // The order itself.
  ['never', 'define', 'XML_ERROR', 'XML error: unknown device'],
  ['never', 'define', 'PARSE_FAILED', 'parser error: Extra content'],
  [
    'never',
    'migrate',
    'ARGUMENT_UNSUPPORTED',
    'argument unsupported: migration URI is not supported by tunnelled migration',
  ],
  ['never', 'migrate', 'INVALID_ARG', 'invalid argument: missing scheme in migration URI'],
];

/** The same with the class that each must have. */
export const readOf: readonly (KnownRefusal & { readonly class: RefusalClass })[] = read.map(
  ([expected, call, code, text]) => ({ class: expected, call, code, text }),
);
