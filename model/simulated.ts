/**
 * What passes between Drover's driver for `sim://` hosts and the simulated datacenter: JSON-RPC 2.0 over TCP, one
 * connection for each session. Requests carry the names of the host driver's session; see `docs/simulated.md`.
 *
 * Events and replies of one connection come in order, as libvirt's do: once a reply is in, every event that the host
 * sent before it is too.
 */
import { z } from 'zod';

/** Opens a session; the first request of a connection. */
export const SimulatedOpen = z.object({
  host: z.string(),
  /** Who asks, as a party of the simulated network: links between parties can be cut. */
  party: z.string(),
  /** A side that hears nothing from the other for so long takes the connection for dead. */
  keepaliveMs: z.number().positive(),
});
export type SimulatedOpen = z.infer<typeof SimulatedOpen>;

/** Requests of a session, by their name on the wire. */
export const simulatedRequests = [
  'open',
  'ping',
  'report',
  'sight',
  'definition',
  'cpu',
  'rehearse',
  'migrate',
  'migrationProgress',
  'setMaxDowntime',
  'abortMigration',
  'migrationFigures',
  'define',
  'undefine',
  'markEpoch',
  'start',
  'shutDown',
  'destroy',
  'suspend',
  'resume',
  'quit',
  'watch',
] as const;
export type SimulatedRequest = (typeof simulatedRequests)[number];

/** The notification that carries a `VmEvent`, to sessions that have asked to `watch`. */
export const simulatedEvent = 'vmEvent';

/**
 * JSON-RPC error codes of a host that answers and refuses; the error's data is `SimulatedRefusal`. Any other error is a
 * bug of the simulation, or a connection that was lost.
 */
export const simulatedRefusalCode = -32_050;

/** Why a simulated host refused; `code` is libvirt's own name: `NO_DOMAIN`, `OPERATION_INVALID`, `OPERATION_ABORTED`. */
export const SimulatedRefusal = z.object({ code: z.string() });

/** An order to move a VM, as the driver sends it. */
export const SimulatedMigration = z.object({
  uuid: z.string(),
  /** The target, by the URI under which the source reaches it. */
  to: z.string(),
  bandwidthMiBps: z.number().optional(),
  /** The VM stays paused at the target until it is resumed there. */
  arrivesPaused: z.boolean(),
  /** The source's definition stays, so that its end can be read afterwards. */
  keepsDefinition: z.boolean(),
});
export type SimulatedMigration = z.infer<typeof SimulatedMigration>;

const simulatedUri =
  /^sim:\/\/([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})\/([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/;

/** A simulated host's URI in its parts: `sim://127.0.0.1:7400/host1`; undefined for anything else. */
export function parseSimulatedUri(
  uri: string,
): { readonly address: string; readonly port: number; readonly host: string } | undefined {
  const [, address, port, host] = simulatedUri.exec(uri) ?? [];
  return address && port && host
    ? { address: address.replaceAll(/[[\]]/g, ''), port: Number(port), host }
    : undefined;
}
