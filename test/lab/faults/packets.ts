/** The packets at which a move can be struck: orders on their way to a host, answers and events on their way back. */
import { PacketType, type Packet } from '../../../activities/hosts/libvirt/packet.ts';
import {
  domainEvents,
  procedure,
  remoteProgram,
  type ProcedureName,
} from '../../../activities/hosts/libvirt/procedures.ts';
import type { Match } from './line.ts';

/** libvirt calls it at the target when the memory is there: the last step of a peer-to-peer migration. */
const migrateFinish = 306; // REMOTE_PROC_DOMAIN_MIGRATE_FINISH3_PARAMS

function is(name: ProcedureName, type: number): Match {
  const { program, number } = procedure(name);
  return ({ header }) =>
    header.program === program.number && header.procedure === number && header.type === type;
}

function event(code: number, detail: number): Match {
  return ({ header, body }) =>
    header.type === PacketType.event &&
    header.procedure === domainEvents.lifecycle.procedure &&
    body.readInt32BE(body.length - 8) === code &&
    body.readInt32BE(body.length - 4) === detail;
}

const isQuit: Match = (packet) =>
  is('QEMU_DOMAIN_MONITOR_COMMAND', PacketType.call)(packet) && packet.body.includes('"quit"');

/** Between Drover and a host. */
export const packets = {
  orderToMigrate: is('DOMAIN_MIGRATE_PERFORM3_PARAMS', PacketType.call),
  /** From the target: the VM stands there, paused. */
  ready: event(3, 0),
  orderToQuit: isQuit,
  /** From the source: its process ends as it was told to. */
  proof: event(6, 2),
  orderToResume: is('DOMAIN_RESUME', PacketType.call),
  resumed: is('DOMAIN_RESUME', PacketType.reply),
} as const satisfies Record<string, Match>;

/** Between two hosts: the answer to the last step of libvirt's own migration. */
export const lastReply: Match = ({ header }) =>
  header.program === remoteProgram.number &&
  header.procedure === migrateFinish &&
  header.type === PacketType.reply;

const changes = [
  'DOMAIN_MIGRATE_PERFORM3_PARAMS',
  'DOMAIN_RESUME',
  'DOMAIN_SUSPEND',
  'DOMAIN_DESTROY_FLAGS',
  'DOMAIN_SHUTDOWN_FLAGS',
  'DOMAIN_UNDEFINE_FLAGS',
  'DOMAIN_DEFINE_XML_FLAGS',
  'DOMAIN_CREATE_WITH_FLAGS',
  'DOMAIN_RESET',
  'DOMAIN_REBOOT',
  'DOMAIN_ABORT_JOB',
  'DOMAIN_SET_METADATA',
] as const satisfies readonly ProcedureName[];

/** What a call changes on a host, by libvirt's name; undefined for one that only looks. */
export function changeOf(packet: Packet): string | undefined {
  if (isQuit(packet)) return 'quit';
  return changes.find((name) => is(name, PacketType.call)(packet));
}
