/** What a VM is made of, as its hypervisor defines it; drivers read it, checks and records keep it. */
import { z } from 'zod';

/**
 * The XML namespace of what Drover writes into a VM's metadata: `<lease epoch="7"/>`. `host-hook/50-drover` looks for the
 * same name.
 */
export const droverNamespace = 'urn:drover:vm';

export const VmDisk = z.object({
  /** Its name in the guest: `vda`. */
  target: z.string(),
  device: z.enum(['disk', 'cdrom', 'floppy', 'lun']),
  kind: z.enum(['network', 'file', 'block', 'volume', 'other']),
  /** Where it lies, for a reader; absent for an empty drive. */
  source: z.string().optional(),
  /** The server of a network disk, `nbd://10.78.0.200:10809`: hosts that reach it reach all its disks. */
  storage: z.string().optional(),
  /** A path on the host, for files and block devices. */
  path: z.string().optional(),
});
export type VmDisk = z.infer<typeof VmDisk>;

export const VmDefinition = z.object({
  uuid: z.string(),
  name: z.string(),
  memoryMiB: z.number(),
  vcpus: z.number(),
  disks: z.array(VmDisk),
  /** Bridges and networks that its interfaces are attached to. */
  networks: z.array(z.string()),
  /** Devices of the host that were handed to it: they can't move. */
  hostDevices: z.array(z.string()),
  /** State that lies outside the definition: `NVRAM`, `TPM`. */
  stateOutside: z.array(z.string()),
  /** Whether it is protected by a password that only the host knows (a graphics password). */
  hasHiddenPassword: z.boolean(),
  /** Of the lease under which it was last acted on (`markEpoch`); absent where it was never marked. */
  epoch: z.int().nonnegative().optional(),
  /** The whole definition, in the hypervisor's form. */
  xml: z.string(),
});
export type VmDefinition = Readonly<z.infer<typeof VmDefinition>>;
