/** Live migrations that nobody disturbs, and those that can't begin. */
import { trace, type Sequence } from './sequence.ts';

/** How a source may end: every one of these proves that it does not run. */
function quitTrace(answer: string, told: string, reason: 'shutdown' | 'migrated'): string {
  return trace(`
    migrate: done
    quit at the source: ${answer}
      source tells: suspended migrated, ${told}
      source: off (${reason}), persistent
      target tells: started migrated, defined added, suspended paused
      target: paused (user), persistent
    resume at the target: done
      target tells: resumed unpaused
      target: running (unpaused), persistent
    undefine at the source: done
      source tells: undefined removed
      source: absent
  `);
}

export const moves: readonly Sequence[] = [
  {
    name: 'a plain migration',
    async play(stage) {
      await stage.running();
      await stage.move();
      const target = stage.at('target');
      await stage.does('figures', async () => Object.keys(await target.migrationFigures(stage.vm.uuid)));
      await stage.does('progress', () => target.migrationProgress(stage.vm.uuid));
      await stage.order('target', 'abortMigration');
    },
    traces: [
      trace(`
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: absent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
        figures: ["copyMs","downtimeMs","copiedBytes","iterations"]
        progress: done
        abortMigration at the target: done
      `),
    ],
  },
  {
    name: 'a VM that arrives paused and leaves its definition',
    async play(stage) {
      await stage.running();
      await stage.move({ arrivesPaused: true, keepsDefinition: true });
      await stage.order('target', 'resume');
      await stage.order('source', 'undefine');
    },
    traces: [
      trace(`
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, suspended paused
          target: paused (user), persistent
        resume at the target: done
          target tells: resumed unpaused
          target: running (unpaused), persistent
        undefine at the source: done
          source tells: undefined removed
          source: absent
      `),
    ],
  },
  {
    name: 'a QEMU that is told to quit as soon as the target is ready',
    async play(stage) {
      await stage.running();
      const move = stage.beginMove({ arrivesPaused: true, keepsDefinition: true });
      await stage.told('target', 'suspended paused');
      const quit = stage.begin('source', 'quit');
      await stage.endAll([move, quit]);
      await stage.order('target', 'resume');
      await stage.order('source', 'undefine');
    },
    traces: [
      // libvirt notices the end of QEMU by itself, and perhaps says so once more when the last reply comes in ...
      quitTrace(
        'done',
        'shutDown finished after host request, stopped shutdown, stopped migrated',
        'shutdown',
      ),
      quitTrace('done', 'shutDown finished after host request, stopped shutdown', 'shutdown'),
      // ... or the last reply comes in first ...
      quitTrace('done', 'shutDown finished after host request, stopped migrated', 'migrated'),
      // ... even before the order.
      quitTrace(
        'OPERATION_INVALID: Requested operation is not valid: domain is not running',
        'stopped migrated',
        'migrated',
      ),
    ],
  },
  {
    name: 'a definition at the target is replaced, and the source starts again where the arrival is destroyed',
    async play(stage) {
      await stage.running();
      await stage.define('target');
      await stage.move({ arrivesPaused: true, keepsDefinition: true });
      await stage.order('target', 'destroy');
      await stage.order('source', 'start');
    },
    traces: [
      trace(`
        define at the target: done
          target tells: defined added
          target: off (unknown), persistent
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined updated, suspended paused
          target: paused (user), persistent
        destroy at the target: done
          target tells: stopped destroyed
          target: off (destroyed), persistent
        start at the source: done
          source tells: resumed unpaused, started booted
          source: running (booted), persistent
      `),
    ],
  },
  {
    name: 'a VM without a definition has one where it arrives',
    async play(stage) {
      await stage.running();
      await stage.order('source', 'undefine');
      await stage.move({ keepsDefinition: true });
    },
    traces: [
      trace(`
        undefine at the source: done
          source tells: undefined removed
          source: running (booted), transient
        migrate: done
          source tells: suspended migrated, stopped migrated
          source: absent
          target tells: started migrated, defined added, resumed migrated
          target: running (migrated), persistent
      `),
    ],
  },
  {
    name: 'a VM that a person has paused stays paused where the migration is aborted, and arrives paused',
    parts: ['noise'],
    async play(stage) {
      await stage.running();
      await stage.order('source', 'suspend');
      const aborted = stage.beginMove({ bandwidthMiBps: 1 });
      await stage.copying();
      await stage.order('source', 'abortMigration', () => stage.sees('target', 'absent'));
      await stage.ends(aborted);
      await stage.move({ keepsDefinition: true });
      await stage.order('target', 'resume');
    },
    traces: [
      trace(`
        suspend at the source: done
          source tells: suspended paused
          source: paused (user), persistent
        abortMigration at the source: done
          target tells: started migrated, stopped failed
        migrate: OPERATION_ABORTED: operation aborted: job 'migration out' canceled by client
        migrate: done
          source tells: stopped migrated
          source: off (migrated), persistent
          target tells: started migrated, defined added, suspended paused
          target: paused (user), persistent
        resume at the target: done
          target tells: resumed unpaused
          target: running (unpaused), persistent
      `),
    ],
  },
  {
    name: 'to its own host, to nobody, and to a host where it runs',
    async play(stage) {
      await stage.running();
      await stage.move({ to: stage.side.hosts.source });
      await stage.move({ to: stage.side.nobody });
      await stage.define('target');
      await stage.order('target', 'start');
      await stage.move();
    },
    traces: [
      trace(`
        migrate: INTERNAL_ERROR: internal error: Attempt to migrate guest to the same host ANOTHER UUID
        migrate: SYSTEM_ERROR: unable to connect to server at ...
        define at the target: done
          target tells: defined added
          target: off (unknown), persistent
        start at the target: done
          target tells: resumed unpaused, started booted
          target: running (booted), persistent
        migrate: OPERATION_INVALID: Requested operation is not valid: domain 'NAME' is already active
      `),
    ],
  },
  ...(
    [
      ['network', "SYSTEM_ERROR: Cannot get interface MTU on 'brcontract': No such device"],
      ['disk', 'INTERNAL_ERROR: internal error: Failed to connect to ...'],
    ] as const
  ).map(([part, refusal]): Sequence => ({
    name: `a target that lacks a ${part}`,
    parts: [part],
    async play(stage) {
      await stage.running();
      await stage.move();
      await stage.define('target');
      await stage.order('target', 'start');
    },
    traces: [
      trace(`
          migrate: ${refusal}
          define at the target: done
            target tells: defined added
            target: off (unknown), persistent
          start at the target: ${refusal}
            target: crashed (failed), persistent
        `),
    ],
  })),
  {
    name: 'a rehearsal names every part that is missing',
    parts: ['disk', 'network'],
    async play(stage) {
      await stage.does('rehearse at the source', () => stage.at('source').rehearse(stage.vm));
      await stage.does('rehearse at the target', () => stage.at('target').rehearse(stage.vm));
    },
    traces: [
      trace(`
        rehearse at the source: []
        rehearse at the target: [{"kind":"disk","name":"vda","reason":"internal error: Failed to connect to ..."},{"kind":"network","name":"brcontract","reason":"Cannot get interface MTU on 'brcontract': No such device"}]
      `),
    ],
  },
];
