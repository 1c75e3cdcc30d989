/** A VM's life on one host: every order in every state. */
import { withOther } from './guest.ts';
import { trace, type Sequence } from './sequence.ts';
import type { PlainOrder } from './stage.ts';

const ordersToARunningVm: readonly PlainOrder[] = [
  'shutDown',
  'destroy',
  'suspend',
  'resume',
  'quit',
  'abortMigration',
];

export const life: readonly Sequence[] = [
  {
    name: 'a VM is defined, started, paused, stopped and removed',
    async play(stage) {
      await stage.define('source');
      await stage.define('source');
      await stage.order('source', 'start');
      await stage.refuses('source', ['start', 'resume']);
      await stage.define('source');
      await stage.order('source', 'suspend');
      await stage.refuses('source', ['suspend', 'start']);
      await stage.order('source', 'resume');
      await stage.order('source', 'undefine');
      await stage.refuses('source', ['undefine']);
      await stage.define('source');
      await stage.order('source', 'destroy');
      await stage.order('source', 'undefine');
    },
    traces: [
      trace(`
        define at the source: done
          source tells: defined added
          source: off (unknown), persistent
        define at the source: done
          source tells: defined updated
        start at the source: done
          source tells: resumed unpaused, started booted
          source: running (booted), persistent
        start at the source: OPERATION_INVALID: Requested operation is not valid: domain is already running
        resume at the source: OPERATION_INVALID: Requested operation is not valid: domain is already running
        define at the source: done
          source tells: defined updated
        suspend at the source: done
          source tells: suspended paused
          source: paused (user), persistent
        suspend at the source: done
        start at the source: OPERATION_INVALID: Requested operation is not valid: domain is already running
        resume at the source: done
          source tells: resumed unpaused
          source: running (unpaused), persistent
        undefine at the source: done
          source tells: undefined removed
          source: running (unpaused), transient
        undefine at the source: OPERATION_INVALID: Requested operation is not valid: cannot undefine transient domain
        define at the source: done
          source tells: defined updated
          source: running (unpaused), persistent
        destroy at the source: done
          source tells: stopped destroyed
          source: off (destroyed), persistent
        undefine at the source: done
          source tells: undefined removed
          source: absent
      `),
    ],
  },
  {
    name: 'orders to a VM that is off, and to one that nobody knows',
    async play(stage) {
      const { uuid } = stage.vm;
      const source = stage.at('source');
      const askAll = async (): Promise<void> => {
        await stage.refuses('source', ordersToARunningVm);
        await stage.does('progress', () => source.migrationProgress(uuid));
        await stage.does('figures', () => source.migrationFigures(uuid));
        await stage.does('allow a downtime', () => source.setMaxDowntime(uuid, 100));
        await stage.move();
      };
      await stage.define('source');
      await askAll();
      await stage.order('source', 'undefine');
      await askAll();
      await stage.refuses('source', ['start', 'undefine']);
      await stage.does('definition', () => source.definition(uuid));
    },
    traces: [
      trace(`
        define at the source: done
          source tells: defined added
          source: off (unknown), persistent
        shutDown at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
        destroy at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
        suspend at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
        resume at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
        quit at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
        abortMigration at the source: done
        progress: done
        figures: {}
        allow a downtime: done
        migrate: OPERATION_INVALID: Requested operation is not valid: domain is not running
        undefine at the source: done
          source tells: undefined removed
          source: absent
        shutDown at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        destroy at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        suspend at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        resume at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        quit at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        abortMigration at the source: done
        progress: done
        figures: {}
        allow a downtime: done
        migrate: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        start at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        undefine at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        definition: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
      `),
    ],
  },
  {
    name: 'a running VM without a definition is gone when it stops',
    async play(stage) {
      await stage.running();
      await stage.order('source', 'undefine');
      await stage.order('source', 'destroy');
    },
    traces: [
      trace(`
        undefine at the source: done
          source tells: undefined removed
          source: running (booted), transient
        destroy at the source: done
          source tells: stopped destroyed
          source: absent
      `),
    ],
  },
  {
    name: 'a QEMU that is told to quit',
    async play(stage) {
      await stage.running();
      await stage.order('source', 'quit', () => stage.told('source', 'stopped shutdown'));
    },
    traces: [
      trace(`
        quit at the source: done
          source tells: shutDown finished after host request, stopped shutdown
          source: off (shutdown), persistent
      `),
    ],
  },
  {
    name: 'a QEMU that dies',
    async play(stage) {
      await stage.running();
      await stage.kill('source');
      await stage.order('source', 'start');
    },
    traces: [
      trace(`
        kill at the source: done
          source tells: stopped failed
          source: crashed (crashed), persistent
        start at the source: done
          source tells: resumed unpaused, started booted
          source: running (booted), persistent
      `),
    ],
  },
  {
    name: 'a name and a UUID belong together',
    async play(stage) {
      const otherName = withOther(stage.vm, 'name');
      const otherUuid = withOther(stage.vm, 'uuid');
      await stage.running();
      await stage.define('source', otherUuid, 'define with another UUID');
      await stage.define('source', otherName, 'define with another name');
      await stage.define('target', otherUuid, 'define with another UUID');
      await stage.move();
      await stage.at('target').undefine(otherUuid.uuid);
      await stage.define('target', otherName, 'define with another name');
      await stage.move();
    },
    traces: [
      trace(`
        define with another UUID at the source: OPERATION_FAILED: operation failed: domain 'NAME' already exists with uuid UUID
        define with another name at the source: OPERATION_FAILED: operation failed: domain 'NAME' is already defined with uuid UUID
        define with another UUID at the target: done
        migrate: OPERATION_FAILED: operation failed: domain 'NAME' already exists with uuid ANOTHER UUID
        define with another name at the target: done
          target tells: defined added
          target: off (unknown), persistent
        migrate: OPERATION_FAILED: operation failed: domain 'NAMEb' is already defined with uuid UUID
      `),
    ],
  },
];
