/** What happens while memory is being copied. */
import { trace, type Sequence } from './sequence.ts';
import type { UnderWay } from './stage.ts';

/** The copy lasts long enough for everything that a sequence does meanwhile. */
const slow = { bandwidthMiBps: 1 };
/** It ends by itself, some seconds after the orders that came on its way. */
const moderate = { bandwidthMiBps: 4 };

/** The source notices it by the broken stream, or asks the target, which has lost the process or the whole VM. */
const targetGone = [
  /^OPERATION_FAILED: .*Unable to write to socket/,
  /^INTERNAL_ERROR: .*unexpectedly closed the monitor/,
  /^NO_DOMAIN: /,
];

function withoutTarget({ what, outcome }: UnderWay): UnderWay {
  const inOneWord = (words: string): string =>
    targetGone.some((form) => form.test(words)) ? 'refused, for the target is gone' : words;
  return { what, outcome: outcome.then(inOneWord) };
}

export const interrupted: readonly Sequence[] = [
  {
    name: 'a second migration, and an abort with and without a definition at the target',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const first = stage.beginMove(slow);
      await stage.copying();
      await stage.move();
      await stage.order('target', 'abortMigration');
      await stage.does('progress at the target', () => stage.at('target').migrationProgress(stage.vm.uuid));
      await stage.order('source', 'abortMigration', () => stage.sees('target', 'absent'));
      await stage.ends(first);
      await stage.define('target');
      const third = stage.beginMove(slow);
      await stage.copying();
      await stage.order('source', 'abortMigration', () => stage.told('target', 'stopped failed'));
      await stage.ends(third);
    },
    // libvirt ends the target's process, or notices first that it has ended itself.
    traces: ['failed', 'crashed'].map((reason) =>
      trace(`
        migrate: OPERATION_INVALID: Requested operation is not valid: another migration job is already running for domain 'NAME'
          target tells: started migrated
          target: migratingIn (migrating), transient
        abortMigration at the target: done
        progress at the target: done
        abortMigration at the source: done
          target tells: stopped failed
          target: absent
        migrate: OPERATION_ABORTED: operation aborted: job 'migration out' canceled by client
        define at the target: done
          target tells: defined added
          target: off (unknown), persistent
        abortMigration at the source: done
          target tells: started migrated, stopped failed
          target: crashed (${reason}), persistent
        migrate: OPERATION_ABORTED: operation aborted: job 'migration out' canceled by client
      `),
    ),
  },
  {
    name: 'the process at either end ends',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const first = stage.beginMove(slow);
      await stage.copying();
      await stage.order('target', 'destroy');
      await stage.ends(withoutTarget(first));
      const second = stage.beginMove(slow);
      await stage.copying();
      await stage.kill('target');
      await stage.ends(withoutTarget(second), () => stage.sees('target', 'absent'));
      const third = stage.beginMove(slow);
      await stage.copying();
      await stage.kill('source');
      await stage.ends(third, () => stage.sees('target', 'absent'));
    },
    traces: [
      trace(`
        destroy at the target: done
          target tells: started migrated, stopped destroyed
        migrate: refused, for the target is gone
        kill at the target: done
          target tells: started migrated, stopped failed
        migrate: refused, for the target is gone
        kill at the source: done
          source tells: stopped failed
          source: crashed (crashed), persistent
          target tells: started migrated, stopped failed
        migrate: OPERATION_FAILED: operation failed: domain is not running
      `),
    ],
  },
  {
    name: 'the source is told to quit',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const move = stage.beginMove(slow);
      await stage.copying();
      await stage.order('source', 'quit', () => stage.told('source', 'stopped shutdown'));
      await stage.ends(move, () => stage.sees('target', 'absent'));
    },
    traces: [
      trace(`
        quit at the source: done
          source tells: shutDown finished after host request, stopped shutdown
          source: off (shutdown), persistent
          target tells: started migrated, stopped failed
        migrate: OPERATION_FAILED: operation failed: domain is not running
      `),
    ],
  },
  {
    name: 'a person pauses the VM: it arrives running',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const move = stage.beginMove(moderate);
      await stage.copying();
      const suspend = stage.begin('source', 'suspend');
      await stage.endAll([move, suspend]);
    },
    traces: [
      trace(`
        migrate: done
        suspend at the source: done
          source tells: suspended migrated, stopped migrated
          source: absent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
      `),
    ],
  },
  {
    name: 'a person pauses the VM, and the migration is aborted: it runs again',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const move = stage.beginMove(slow);
      await stage.copying();
      await stage.does('allow a downtime', () => stage.at('source').setMaxDowntime(stage.vm.uuid, 500));
      await stage.order('source', 'suspend');
      await stage.order('source', 'suspend');
      await stage.order('source', 'abortMigration', () => stage.told('source', 'resumed migrated'));
      await stage.ends(move, () => stage.sees('target', 'absent'));
    },
    traces: [
      trace(`
        allow a downtime: done
          target tells: started migrated
          target: migratingIn (migrating), transient
        suspend at the source: done
          source tells: suspended migrated
          source: paused (migrating), persistent
          source reports: migratingIn (migrating), persistent
        suspend at the source: done
        abortMigration at the source: done
          source tells: resumed migrated
          source: running (migration canceled), persistent
          target tells: stopped failed
          target: absent
        migrate: OPERATION_ABORTED: operation aborted: job 'migration out' canceled by client
      `),
    ],
  },
  {
    name: 'an abort in the moment of the switch-over is heard, or comes too late',
    async play(stage) {
      await stage.running();
      const move = stage.beginMove({ arrivesPaused: true, keepsDefinition: true });
      await stage.told('source', 'suspended migrated');
      const abort = stage.begin('source', 'abortMigration');
      await stage.endAll([abort, move]);
    },
    traces: [
      // QEMU itself lets the guest run on.
      trace(`
        abortMigration at the source: done
        migrate: OPERATION_ABORTED: operation aborted: job 'migration out' canceled by client
          source tells: suspended migrated, resumed unpaused
          source: running (unpaused), persistent
          target tells: started migrated, stopped failed
      `),
      trace(`
        abortMigration at the source: done
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, suspended paused
          target: paused (user), persistent
      `),
    ],
  },
  {
    name: 'what comes when the target has the guest changes nothing, and is not refused',
    async play(stage) {
      await stage.running();
      const move = stage.beginMove({ arrivesPaused: true, keepsDefinition: true });
      await stage.told('target', 'suspended paused');
      const abort = stage.begin('source', 'abortMigration');
      await stage.endAll([abort, move]);
      await stage.order('source', 'abortMigration');
      await stage.does('allow a downtime', () => stage.at('source').setMaxDowntime(stage.vm.uuid, 500));
    },
    traces: [
      trace(`
        abortMigration at the source: done
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, suspended paused
          target: paused (user), persistent
        abortMigration at the source: done
        allow a downtime: done
      `),
    ],
  },
  {
    name: 'an order that comes too early is carried out when the migration is over',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      const move = stage.beginMove({ ...moderate, arrivesPaused: true, keepsDefinition: true });
      await stage.copying();
      const resume = stage.begin('target', 'resume');
      const undefine = stage.begin('source', 'undefine');
      await stage.endAll([move, resume, undefine]);
    },
    traces: [
      trace(`
        migrate: done
        resume at the target: done
        undefine at the source: done
          source tells: suspended migrated, stopped migrated, undefined removed
          source: absent
          target tells: started migrated, defined added, suspended paused, resumed unpaused
          target: running (unpaused), persistent
      `),
    ],
  },
];
