/** How libvirt refuses under codes that say enough; `libvirt-refusals.ts` says how the rules are read. */
import type { Rule } from './libvirt-refusals.ts';

/** The order counts. */
export const rulesByCode: readonly Rule[] = [
  {
    name: "the host's hook saw a later epoch",
    class: 'superseded',
    codes: ['HOOK_SCRIPT_FAILED'],
    text: /stale epoch/,
  },
  { name: 'the VM carries a later epoch', class: 'superseded', codes: ['STALE_EPOCH'] },
  { name: 'a hook of the host refused', class: 'elsewhere', codes: ['HOOK_SCRIPT_FAILED'] },
  { name: 'the migration was aborted', class: 'aborted', codes: ['OPERATION_ABORTED'] },
  { name: 'the VM is held by another order', class: 'again', codes: ['OPERATION_TIMEOUT'] },
  { name: 'the host lacks memory for the order', class: 'again', codes: ['NO_MEMORY'] },
  { name: 'its disks or cache mode make a migration unsafe', class: 'never', codes: ['MIGRATE_UNSAFE'] },
  {
    name: 'it has arrived, and its definition at the target could not be kept',
    class: 'look',
    codes: ['MIGRATE_PERSIST_FAILED'],
  },
  { name: 'the host lacks features that its CPU must have', class: 'elsewhere', codes: ['CPU_INCOMPATIBLE'] },
  {
    name: "the target can't run its configuration",
    class: 'elsewhere',
    codes: ['CONFIG_UNSUPPORTED'],
    calls: ['migrate'],
  },
  { name: "the configuration can't be run", class: 'never', codes: ['CONFIG_UNSUPPORTED'] },
  { name: 'a lease of its disks is held', class: 'look', codes: ['RESOURCE_BUSY'] },
  {
    name: 'the host lacks its network, pool or volume',
    class: 'elsewhere',
    codes: ['NO_NETWORK', 'NO_STORAGE_POOL', 'NO_STORAGE_VOL'],
  },
  { name: 'the host has no such VM', class: 'look', codes: ['NO_DOMAIN'] },
  {
    name: 'the VM is on its way to this host',
    class: 'look',
    codes: ['OPERATION_UNSUPPORTED'],
    calls: ['migrationProgress', 'sight', 'migrationFigures'],
  },
  {
    name: "the hypervisor can't do that",
    class: 'never',
    codes: ['NO_SUPPORT', 'OPERATION_UNSUPPORTED', 'ARGUMENT_UNSUPPORTED'],
  },
  {
    name: 'the hosts do not accept each other',
    class: 'elsewhere',
    codes: ['AUTH_FAILED', 'AUTH_CANCELLED', 'AUTH_UNAVAILABLE'],
    calls: ['migrate'],
  },
  {
    name: 'the host lets nobody in, or does not allow the order',
    class: 'never',
    codes: [
      'AUTH_FAILED',
      'AUTH_CANCELLED',
      'AUTH_UNAVAILABLE',
      'OPERATION_DENIED',
      'ACCESS_DENIED',
      'GNUTLS_ERROR',
    ],
  },
  {
    name: "Drover's own certificate or ssh key can't be used",
    class: 'never',
    codes: ['TLS_OWN_CERTIFICATE', 'SSH_OWN_KEY'],
  },
  {
    name: "the host's certificate or ssh key is not accepted",
    class: 'elsewhere',
    codes: ['TLS_HOST_CERTIFICATE', 'SSH_HOST_KEY'],
  },
  {
    name: "the host does not admit Drover's certificate or ssh key",
    class: 'elsewhere',
    codes: ['TLS_NOT_ADMITTED', 'SSH_NOT_ADMITTED'],
  },
  {
    name: 'the host is not set up for TLS, or for libvirt by ssh',
    class: 'elsewhere',
    codes: ['TLS_NOT_SPOKEN', 'SSH_NO_HELPER'],
  },
  {
    name: 'the order or the definition is not well-formed',
    class: 'never',
    codes: [
      'XML_ERROR',
      'XML_DETAIL',
      'XML_INVALID_SCHEMA',
      'PARSE_FAILED',
      'INVALID_ARG',
      'OVERFLOW',
      'NO_NAME',
      'NO_OS',
      'OS_TYPE',
      'NO_SOURCE',
      'NO_TARGET',
    ],
  },
];
