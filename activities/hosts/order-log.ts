/** One line for each order that changes something on a host, with what came of it: who did what to which VM, and when. */
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { HostCall, HostSession, MigrationOrder } from './driver.ts';
import { HostRefused, HostUnreachable, messageOf } from './errors.ts';

/** An order to a host and its outcome. */
export interface OrderOutcome {
  readonly order: HostCall;
  readonly host: string;
  /** The VM's UUID. */
  readonly vm: string;
  /** What the order says besides the VM: the target of a move, an epoch, a downtime. */
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  /** The epoch of the lease under which it was given; absent: it needs none. */
  readonly epoch?: number;
  /**
   * `done`: the host says so. `refused`: the host says no. `unanswered`: nothing is known of what it did. `failed`: a fault
   * of our own.
   */
  readonly result: 'done' | 'refused' | 'unanswered' | 'failed';
  readonly error?: string;
  /** From the order to its outcome. */
  readonly ms: number;
}

export type OnOrder = (outcome: OrderOutcome) => void;

type SessionCall = Exclude<HostCall, 'open'>;

/** What changes something on a host, by the call of a session. A rehearsal starts a paused VM that is thrown away. */
const changes: Readonly<Record<SessionCall, boolean>> = {
  report: false,
  sight: false,
  definition: false,
  cpuIncompatibility: false,
  cpu: false,
  migrationProgress: false,
  migrationFigures: false,
  watch: false,
  barrier: false,
  rehearse: true,
  migrate: true,
  setMaxDowntime: true,
  abortMigration: true,
  define: true,
  undefine: true,
  markEpoch: true,
  start: true,
  shutDown: true,
  destroy: true,
  suspend: true,
  resume: true,
  quit: true,
};

/** The same session, which tells of every order once its outcome is known. */
export function tellingOrders(session: HostSession, onOrder: OnOrder, epoch?: number): HostSession {
  const calls = Object.entries(changes).map(([name, isOrder]) => {
    const call = name as SessionCall;
    const ask = session[call].bind(session) as (...given: unknown[]) => Promise<unknown>;
    return [call, isOrder ? telling(call, ask) : ask] as const;
  });
  return {
    ...(Object.fromEntries(calls) as unknown as Pick<HostSession, SessionCall>),
    host: session.host,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };

  function telling(order: SessionCall, ask: (...given: unknown[]) => Promise<unknown>): typeof ask {
    return async (...given) => {
      const begun = performance.now();
      const tell = (outcome: Pick<OrderOutcome, 'result' | 'error'>): void =>
        onOrder({
          order,
          host: session.host,
          ...subjectOf(order, given),
          ...(epoch === undefined ? {} : { epoch }),
          ...outcome,
          ms: Math.round(performance.now() - begun),
        });
      let answer: unknown;
      try {
        answer = await ask(...given);
      } catch (error) {
        tell({ result: resultOf(error), error: messageOf(error) });
        throw error;
      }
      tell({ result: 'done' });
      return answer;
    };
  }
}

function subjectOf(
  order: SessionCall,
  [first, second]: readonly unknown[],
): Pick<OrderOutcome, 'vm' | 'with'> {
  if (order === 'define' || order === 'rehearse') return { vm: (first as VmDefinition).uuid };
  const vm = first as string;
  if (order === 'migrate') {
    const { to, arrivesPaused = false, bandwidthMiBps } = second as MigrationOrder;
    const bandwidth = bandwidthMiBps === undefined ? {} : { bandwidthMiBps };
    return { vm, with: { to: to.name, arrivesPaused, ...bandwidth } };
  }
  if (order === 'setMaxDowntime') return { vm, with: { downtimeMs: second as number } };
  if (order === 'markEpoch') return { vm, with: { epoch: second as number } };
  return { vm };
}

function resultOf(error: unknown): OrderOutcome['result'] {
  if (error instanceof HostRefused) return 'refused';
  return error instanceof HostUnreachable ? 'unanswered' : 'failed';
}
