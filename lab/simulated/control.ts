/**
 * How tests, the harness and the command line steer a running simulated datacenter: JSON-RPC on a port of its own.
 * Each request is one method of `Control`, with one object; notifications tell what springs and what is convicted.
 */
import type { Socket } from 'node:net';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { z } from 'zod';
import type { CopyView, JournalEntry } from './journal.ts';
import { bring, Fault } from './faults.ts';
import { AuditInput, type Conviction } from './referee.ts';
import type { SimulatedServer } from './server.ts';
import { DatacenterSpec } from './spec.ts';
import { Trap } from './traps.ts';

/** What a simulated datacenter looks like at one moment. */
export interface WorldView {
  readonly atMs: number;
  readonly hosts: readonly { readonly name: string; readonly state: string }[];
  readonly copies: readonly CopyView[];
  readonly cuts: readonly string[];
}

/** Requests on the control port: their parameters and answers. */
export interface Control {
  /** Begins anew with another datacenter, or the same one as it was made: every session ends, every trap is gone. */
  reset(spec: DatacenterSpec | null): void;
  fault(fault: Fault): void;
  setTrap(trap: Trap): void;
  letGo(trap: { id: string }): void;
  clearTraps(nothing: object): void;
  world(nothing: object): WorldView;
  journal(from: { fromIndex: number }): readonly JournalEntry[];
  /** What the referee has convicted since the last `reset`. */
  convictions(nothing: object): readonly Conviction[];
  /** The referee's look at the whole when nothing is open any more. */
  audit(input: AuditInput): readonly Conviction[];
  /** The power switch of a host, as its BMC answers. */
  power(order: { host: string; set?: 'on' | 'off' }): 'on' | 'off';
}

/** Sent when a trap springs: its id. */
export const sprungNotification = 'sprung';

const TrapId = z.strictObject({ id: z.string() });
const From = z.strictObject({ fromIndex: z.int().nonnegative() });
const Power = z.strictObject({ host: z.string(), set: z.enum(['on', 'off']).optional() });

export function serveControl(server: SimulatedServer, socket: Socket): void {
  const connection = createMessageConnection(
    new StreamMessageReader(socket),
    new StreamMessageWriter(socket),
  );
  connection.onError(() => undefined);
  const unfollow = server.onSprung(({ id }) => void connection.sendNotification(sprungNotification, { id }));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    unfollow();
    connection.dispose();
  });
  const on = <K extends keyof Control>(
    name: K,
    act: (parameters: unknown) => ReturnType<Control[K]> | Promise<ReturnType<Control[K]>>,
  ): void =>
    void connection.onRequest(
      name,
      async (parameters: unknown): Promise<unknown> => (await act(parameters)) ?? null,
    );
  on('reset', (spec) => server.reset(DatacenterSpec.nullable().parse(spec)));
  on('fault', (fault) => bring(server.datacenter, Fault.parse(fault)));
  on('setTrap', (trap) => server.traps.set(Trap.parse(trap)));
  on('letGo', (trap) => server.traps.letGo(TrapId.parse(trap).id));
  on('clearTraps', () => server.traps.clear());
  on('world', () => worldOf(server));
  on('journal', (from) => server.datacenter.journal.entries.slice(From.parse(from).fromIndex));
  on('convictions', () => server.referee.convictions);
  on('audit', (input) => server.referee.audit(AuditInput.parse(input)));
  on('power', async (order) => {
    const { host, set } = Power.parse(order);
    const bmc = server.datacenter.bmcs.get(server.datacenter.hostNamed(host).name);
    if (!bmc) throw new Error(`${host} has no BMC`);
    if (set) await bmc.setPower(set === 'on');
    return await bmc.power();
  });
  connection.listen();
}

function worldOf({ datacenter }: SimulatedServer): WorldView {
  return {
    atMs: datacenter.clock.nowMs(),
    hosts: [...datacenter.hosts.values()].map(({ name, state }) => ({ name, state })),
    copies: [...datacenter.hosts.values()].flatMap((host) =>
      [...host.copies.values()].map((copy) => copy.view(host.name)),
    ),
    cuts: datacenter.network.cuts,
  };
}
