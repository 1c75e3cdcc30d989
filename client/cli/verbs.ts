/** Every verb of the command line: what `drover --help` shows of it, and where the rest stands. */
import type { Command } from 'commander';

/** Gives a verb its arguments, options, examples and action. */
export type Define = (verb: Command) => void;

export interface Verb {
  readonly name: string;
  readonly group: 'Look' | 'Move' | 'Run' | 'Tools';
  readonly summary: string;
  /** Its module is loaded when the verb is used, so that help and completion need not wait for all of them. */
  readonly load: () => Promise<Define>;
  /** Shown by no help: programs call it. */
  readonly hidden?: true;
}

/** In the order of the help. A new verb is a row here and a file in `commands/`. */
export const verbs: readonly Verb[] = [
  {
    name: 'get',
    group: 'Look',
    summary: 'list hosts, VMs, clusters or operations',
    load: async () => (await import('./commands/get.ts')).defineGet,
  },
  {
    name: 'describe',
    group: 'Look',
    summary: 'show who holds a VM, a host or an operation, who waits, and what is remembered',
    load: async () => (await import('./commands/describe.ts')).defineDescribe,
  },
  {
    name: 'top',
    group: 'Look',
    summary: 'show the load of hosts or VMs, the busiest first',
    load: async () => (await import('./commands/top.ts')).defineTop,
  },
  {
    name: 'explain',
    group: 'Look',
    summary: 'say why a VM would go to which host, and why not to the others',
    load: async () => (await import('./commands/explain.ts')).defineExplain,
  },
  {
    name: 'watch',
    group: 'Look',
    summary: 'follow an operation to its end; Ctrl-C leaves it running',
    load: async () => (await import('./commands/watch.ts')).defineWatch,
  },
  {
    name: 'migrate',
    group: 'Move',
    summary: 'move a running VM to another host',
    load: async () => (await import('./commands/migrate.ts')).defineMigrate,
  },
  {
    name: 'maintain',
    group: 'Move',
    summary: 'empty hosts for maintenance, hold them closed, open them again',
    load: async () => (await import('./commands/maintain.ts')).defineMaintain,
  },
  {
    name: 'cancel',
    group: 'Move',
    summary: 'end an operation; a VM that is being moved stays where it is',
    load: async () => (await import('./commands/cancel.ts')).defineCancel,
  },
  {
    name: 'settle',
    group: 'Move',
    summary: 'find out where a VM is whose operation ended in doubt, and free it for others',
    load: async () => (await import('./commands/settle.ts')).defineSettle,
  },
  {
    name: 'up',
    group: 'Run',
    summary: 'run what the settings ask for: the embedded Temporal server, a worker, the alert receiver',
    load: async () => (await import('./commands/up.ts')).defineUp,
  },
  {
    name: 'check',
    group: 'Run',
    summary: 'check the settings without starting anything',
    load: async () => (await import('./commands/check.ts')).defineCheck,
  },
  {
    name: 'doctor',
    group: 'Run',
    summary: 'examine hosts, Temporal and the workers: all that must be there and right',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'rules',
    group: 'Tools',
    summary: 'print the Prometheus rules made from the settings',
    load: async () => (await import('./commands/rules.ts')).defineRules,
  },
  {
    name: 'schema',
    group: 'Tools',
    summary: "print the JSON Schema of an operation's input, or of the settings file",
    load: async () => (await import('./commands/schema.ts')).defineSchema,
  },
  {
    name: 'completion',
    group: 'Tools',
    summary: 'print the script that lets a shell complete verbs, options and live names',
    load: async () => (await import('./commands/completion.ts')).defineCompletion,
  },
  {
    name: 'complete',
    group: 'Tools',
    summary: 'answer a shell that completes a line',
    load: async () => (await import('./commands/complete.ts')).defineComplete,
    hidden: true,
  },
];
