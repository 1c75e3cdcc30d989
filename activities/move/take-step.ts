/** One step towards the end of a move, as the states of both hosts allow it. */
import { HostRefused } from '../hosts/errors.ts';
import type { BothHosts, Seen } from './both-hosts.ts';
import { conditionOf } from '../../policies/settle/settle.ts';
import { commitWith, noteRan, type Attempt } from './migrate.ts';
import { SourceEvents } from './source-events.ts';

/**
 * Takes the step that `seen.next` names. A refusal is looked at again.
 * @returns whether something was done: it is worth a look at once
 * @throws HostUnreachable; ApplicationFailure `VmBusy` when this attempt is stale
 */
export async function takeStep(seen: Seen, both: BothHosts, attempt: Attempt): Promise<boolean> {
  try {
    await take(seen, both, attempt);
    return seen.next !== 'wait';
  } catch (error) {
    if (!(error instanceof HostRefused)) throw error;
    attempt.course.cause ??= error.message;
    return false;
  }
}

async function take(seen: Seen, both: BothHosts, attempt: Attempt): Promise<void> {
  const { uuid } = attempt.request.vm;
  const { lease } = attempt.context;
  switch (seen.next) {
    case 'commit': {
      const mayQuit = lease.confirm({ note: 'mayHaveQuit' });
      mayQuit.catch(() => undefined);
      const [source, target, events] = await Promise.all([
        both.session('source'),
        both.session('target'),
        both.another('source').then((session) => SourceEvents.listen(session, uuid)),
      ]);
      return await commitWith({ events, source, target, mayQuit }, attempt);
    }
    case 'resumeTarget':
      await lease.confirm();
      await (await both.session('target')).resume(uuid);
      return await noteRan(attempt);
    case 'resumeSource':
      await lease.confirm();
      return await (await both.session('source')).resume(uuid);
    // What ends a copy is the latest attempt's alone: another may have moved the VM on since this one has looked.
    case 'endTarget':
      await lease.confirm();
      return await both.end('target', seen.target);
    case 'endSource':
      // Without its definition the source's end can't be read any more, which a halted copy needs for its proof.
      await lease.confirm(attempt.course.wasPaused ? { note: 'targetIsLatest' } : {});
      if (attempt.course.wasPaused) attempt.course.did('targetIsLatest');
      if (conditionOf(seen.target) === 'runs') await noteRan(attempt);
      return await both.end('source', seen.source);
    case 'restart':
      await lease.confirm({ note: 'mayHaveRestarted' });
      return await restart(seen, both, attempt);
    case 'wait':
    case 'nothing':
    case 'ask':
      return;
    default:
      throw new TypeError(`no such step: ${String(seen.next satisfies never)}`);
  }
}

/** Starts the VM from its disk: at the target where it has arrived, else at the source. Neither has a copy that may go on. */
async function restart(
  { source, target }: Seen,
  both: BothHosts,
  { request, context, course }: Attempt,
): Promise<void> {
  const { uuid } = request.vm;
  course.did('mayHaveRestarted');
  if (target.kind === 'present') {
    const session = await both.session('target');
    if (target.state !== 'off' && target.state !== 'crashed') await session.destroy(uuid);
    const left = await session.sight(uuid);
    if (left.kind === 'present' && left.state !== 'running' && left.persistent) {
      try {
        await session.start(uuid);
      } catch (error) {
        // The next look finds nothing there, and the source is tried.
        if (error instanceof HostRefused && source.kind === 'present') await both.end('target', left);
        throw error;
      }
      await noteRan({ context, course });
    }
    return;
  }
  if (source.kind === 'present') await (await both.session('source')).start(uuid);
}
