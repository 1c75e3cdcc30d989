/** The epoch of a VM's lease: where it is written, what takes it along, and when it comes too late. */
import { trace, type Sequence } from './sequence.ts';
import type { Place, Stage } from './stage.ts';

/** Slow enough that what is ordered meanwhile comes in the middle of the copy. */
const moderate = { bandwidthMiBps: 4 };

async function mark(stage: Stage, place: Place, epoch: number): Promise<void> {
  await stage.does(`mark ${epoch} at the ${place}`, () => stage.at(place).markEpoch(stage.vm.uuid, epoch));
}

async function epochAt(stage: Stage, place: Place): Promise<void> {
  await stage.does(`epoch at the ${place}`, async () => {
    const { epoch } = await stage.at(place).definition(stage.vm.uuid);
    return epoch ?? 'none';
  });
}

export const epochs: readonly Sequence[] = [
  {
    name: 'an epoch outlives the start and the end of its VM, and grows',
    async play(stage) {
      await mark(stage, 'source', 1);
      await stage.define('source');
      await epochAt(stage, 'source');
      await mark(stage, 'source', 3);
      await stage.order('source', 'start');
      await epochAt(stage, 'source');
      await mark(stage, 'source', 5);
      await mark(stage, 'source', 5);
      await mark(stage, 'source', 4);
      await epochAt(stage, 'source');
      await stage.order('source', 'destroy');
      await epochAt(stage, 'source');
      await stage.define('source');
      await epochAt(stage, 'source');
    },
    traces: [
      trace(`
        mark 1 at the source: NO_DOMAIN: Domain not found: no domain with matching uuid 'UUID'
        define at the source: done
          source tells: defined added
          source: off (unknown), persistent
        epoch at the source: "none"
        mark 3 at the source: done
        start at the source: done
          source tells: resumed unpaused, started booted
          source: running (booted), persistent
        epoch at the source: 3
        mark 5 at the source: done
        mark 5 at the source: done
        mark 4 at the source: STALE_EPOCH: stale epoch 4 < 5
        epoch at the source: 5
        destroy at the source: done
          source tells: stopped destroyed
          source: off (destroyed), persistent
        epoch at the source: 5
        define at the source: done
          source tells: defined updated
        epoch at the source: "none"
      `),
    ],
  },
  {
    name: 'a migration takes the epoch along',
    async play(stage) {
      await stage.running();
      await mark(stage, 'source', 7);
      await stage.move({ keepsDefinition: true });
      await epochAt(stage, 'source');
      await epochAt(stage, 'target');
      await mark(stage, 'target', 6);
      await stage.order('target', 'destroy');
      await epochAt(stage, 'target');
    },
    traces: [
      trace(`
        mark 7 at the source: done
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
        epoch at the source: 7
        epoch at the target: 7
        mark 6 at the target: STALE_EPOCH: stale epoch 6 < 7
        destroy at the target: done
          target tells: stopped destroyed
          target: off (destroyed), persistent
        epoch at the target: 7
      `),
    ],
  },
  {
    name: 'a running VM without a definition takes its epoch along',
    async play(stage) {
      await stage.running();
      await stage.order('source', 'undefine');
      await mark(stage, 'source', 7);
      await stage.move();
      await epochAt(stage, 'target');
    },
    traces: [
      trace(`
        undefine at the source: done
          source tells: undefined removed
          source: running (booted), transient
        mark 7 at the source: done
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: absent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
        epoch at the target: 7
      `),
    ],
  },
  {
    name: 'an epoch that comes during a migration waits until its end, and is then too late',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      await mark(stage, 'source', 1);
      const move = stage.beginMove({ ...moderate, keepsDefinition: true });
      await stage.copying();
      const late = stage.beginOther('mark 2 at the source', () =>
        stage.at('source').markEpoch(stage.vm.uuid, 2),
      );
      await stage.endAll([move, late]);
      await epochAt(stage, 'source');
      await epochAt(stage, 'target');
    },
    traces: [
      trace(`
        mark 1 at the source: done
        migrate: done
        mark 2 at the source: OPERATION_INVALID: Requested operation is not valid: domain is not running
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
        epoch at the source: 1
        epoch at the target: 1
      `),
    ],
  },
];
