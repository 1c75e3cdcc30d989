/** The activities that ask records, with the client of the worker in which they run. */
import { Context } from '@temporalio/activity';
import { closedHosts } from './closed-hosts.ts';
import { endSignals } from '../end-signals.ts';
import { isRunning } from './is-running.ts';
import type { RecordActivities } from './record-activities.ts';
import { temporalRecords } from './temporal-records.ts';

export function createRecordActivities(): RecordActivities {
  return {
    acquireVm: (request) => recordsOfContext().acquire(request),
    takeSlots: async ({ slots }) => {
      const records = recordsOfContext();
      const [out, in_] = slots;
      const first = await records.takeSlot(out);
      // Whoever holds a slot of the target never waits for one of the source.
      return first.kind === 'granted' ? [first, await records.takeSlot(in_)] : [first];
    },
    letGoOfAll: async ({ vm, hosts }) => {
      const records = recordsOfContext();
      await Promise.all(hosts.map((host) => records.letGo(host)));
      // Last: whoever has the VM next finds its room free.
      if (vm) await records.release(vm);
    },
    closeHosts: async ({ hosts, by }) => {
      const records = recordsOfContext();
      for (const host of hosts.toSorted()) {
        const answer = await records.setHostState({ host, state: 'maintenance', by });
        if (answer.kind === 'held') return { host, state: answer.state, since: answer.since, by: answer.by };
      }
      return undefined;
    },
    closedHosts: () => closedHosts(Context.current().client),
    openHosts: async ({ hosts, by }) => {
      const records = recordsOfContext();
      await Promise.all(hosts.map((host) => records.setHostState({ host, state: 'active', by })));
    },
    isRunning: ({ workflowId }) => isRunning(Context.current().client, workflowId),
  };
}

/** The records, asked by the activity that is under way. */
export function recordsOfContext(): ReturnType<typeof temporalRecords> {
  const context = Context.current();
  const { client, info } = context;
  return temporalRecords(client, {
    // Its time tells it from one of the same id in another run of the operation.
    asker: `${info.activityId}@${info.scheduledTimestampMs}`,
    detached: endSignals(context).detached,
  });
}
