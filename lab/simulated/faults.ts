/** What can go wrong in a simulated datacenter, and its undoing, each as one command of data. */
import { z } from 'zod';
import { VmName } from '../../model/names.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { Refusal } from './refusal.ts';

const host = z.string();
const ofHost = { host };

export const Fault = z.discriminatedUnion('kind', [
  /** All of it stops at once and in silence; its power stays on. */
  z.strictObject({ kind: z.literal('crashHost'), ...ofHost }),
  z.strictObject({ kind: z.literal('powerOff'), ...ofHost }),
  z.strictObject({ kind: z.literal('powerOn'), ...ofHost }),
  /** libvirtd hangs; the VMs run on. */
  z.strictObject({ kind: z.literal('freezeHost'), ...ofHost }),
  z.strictObject({ kind: z.literal('thawHost'), ...ofHost }),
  z.strictObject({ kind: z.literal('restartDaemon'), ...ofHost }),
  z.strictObject({ kind: z.literal('isolateHost'), ...ofHost }),
  z.strictObject({ kind: z.literal('rejoinHost'), ...ofHost }),
  /** One direction between two parties: hosts, storage servers, `worker`. */
  z.strictObject({ kind: z.literal('cutLink'), from: z.string(), to: z.string() }),
  z.strictObject({ kind: z.literal('mendLink'), from: z.string(), to: z.string() }),
  z.strictObject({ kind: z.literal('storageAway'), storage: z.string() }),
  z.strictObject({ kind: z.literal('storageBack'), storage: z.string() }),
  /** What befalls the VM's migrations, until it is said otherwise; nothing given: they go well. */
  z.strictObject({
    kind: z.literal('migration'),
    vm: VmName,
    failsAt: z.number().min(0).max(1).optional(),
    neverConverges: z.boolean().optional(),
    losesLastReply: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal('bmc'),
    ...ofHost,
    fault: z.enum(['acksOnly', 'saysOff', 'hangs', 'dead']).optional(),
  }),
  /** The guest, or its QEMU, dies: of the copy that runs, or of that of a host. */
  z.strictObject({ kind: z.literal('crashGuest'), vm: VmName, host: host.optional() }),
  /** A person acts past Drover, on the copy that runs, or on that of a host. */
  z.strictObject({
    kind: z.literal('person'),
    order: z.enum(['start', 'shutDown', 'destroy', 'suspend', 'resume', 'undefine']),
    vm: VmName,
    host: host.optional(),
  }),
  z.strictObject({
    kind: z.literal('load'),
    vm: VmName,
    loadCores: z.number().nonnegative().optional(),
    dirtyMiBps: z.number().nonnegative().optional(),
  }),
  /** Every link, host, BMC, storage server and migration is well again; what was lost stays lost. */
  z.strictObject({ kind: z.literal('healAll') }),
]);
export type Fault = z.infer<typeof Fault>;

/** Lets a fault happen. @throws Refusal where it can't */
export function bring(datacenter: SimulatedDatacenter, fault: Fault): void {
  datacenter.journal.write({ kind: 'fault', fault: JSON.stringify(fault) });
  switch (fault.kind) {
    case 'crashHost':
    case 'powerOff':
    case 'powerOn':
    case 'freezeHost':
    case 'thawHost':
    case 'restartDaemon':
    case 'isolateHost':
    case 'rejoinHost':
      return datacenter[fault.kind](fault.host);
    case 'cutLink':
      return datacenter.network.cut(fault.from, fault.to);
    case 'mendLink':
      return datacenter.network.mend(fault.from, fault.to);
    case 'storageAway':
      return datacenter.takeStorageAway(fault.storage);
    case 'storageBack':
      return datacenter.giveStorageBack(fault.storage);
    case 'migration': {
      const { failsAt, neverConverges, losesLastReply } = fault;
      datacenter.migrationFaults.set(SimulatedDatacenter.vmUuid(fault.vm), {
        ...(failsAt === undefined ? {} : { failsAt }),
        ...(neverConverges === undefined ? {} : { neverConverges }),
        ...(losesLastReply === undefined ? {} : { losesLastReply }),
      });
      return;
    }
    case 'bmc': {
      const bmc = datacenter.bmcs.get(datacenter.hostNamed(fault.host).name);
      if (bmc) bmc.fault = fault.fault;
      return;
    }
    case 'crashGuest':
      return hostOf(datacenter, fault).crash(SimulatedDatacenter.vmUuid(fault.vm));
    case 'person':
      return hostOf(datacenter, fault)[fault.order](SimulatedDatacenter.vmUuid(fault.vm), { kind: 'person' });
    case 'load': {
      const { vm, loadCores, dirtyMiBps } = fault;
      return datacenter.setTraits(SimulatedDatacenter.vmUuid(vm), {
        ...(loadCores === undefined ? {} : { loadCores }),
        ...(dirtyMiBps === undefined ? {} : { dirtyMiBps }),
      });
    }
    case 'healAll':
      return healAll(datacenter);
    default:
      throw new TypeError(`no such fault: ${String(fault satisfies never)}`);
  }
}

function healAll(datacenter: SimulatedDatacenter): void {
  datacenter.network.mendAll();
  datacenter.migrationFaults.clear();
  for (const bmc of datacenter.bmcs.values()) bmc.fault = undefined;
  for (const { name, state } of datacenter.hosts.values()) {
    if (state === 'frozen') datacenter.thawHost(name);
    else if (state !== 'up') datacenter.powerOn(name);
  }
}

/** The host that is named, else the one where the VM runs. */
function hostOf(
  datacenter: SimulatedDatacenter,
  { vm, host: named }: { vm: string; host?: string | undefined },
) {
  if (named !== undefined) return datacenter.hostNamed(named);
  const uuid = SimulatedDatacenter.vmUuid(vm);
  const host = [...datacenter.hosts.values()].find(({ copies }) => {
    const copy = copies.get(uuid);
    return copy?.live && !copy.isIncoming;
  });
  if (!host) throw new Refusal('NO_DOMAIN', `no host of the simulated datacenter runs ${vm}`);
  return host;
}
