/** The smallest domain there is: firmware that finds nothing to boot, no disk, no network. It migrates all the same. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorCode, LibvirtError } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';

export interface TinyDomain {
  readonly name: string;
  readonly uuid: string;
  readonly xml: string;
}

/** A description of a new one. `memoryFrom` is a file whose bytes QEMU puts into its memory, `disk` one in qcow2. */
export function tinyDomain(options: { memoryFrom?: string; disk?: string } = {}): TinyDomain {
  const uuid = randomUUID();
  const name = `tiny-${uuid.slice(0, 8)}`;
  const loader =
    options.memoryFrom === undefined
      ? ''
      : `<qemu:commandline>
           <qemu:arg value='-device'/>
           <qemu:arg value='loader,file=${options.memoryFrom},addr=0x1000000,force-raw=on'/>
         </qemu:commandline>`;
  const disk =
    options.disk === undefined
      ? ''
      : `<disk type='file' device='disk'>
           <driver name='qemu' type='qcow2'/><source file='${options.disk}'/><target dev='vda' bus='virtio'/>
         </disk>`;
  const xml = `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>
    <cpu mode='maximum' migratable='on'/>
    <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${disk}<memballoon model='virtio'/></devices>
    ${loader}
  </domain>`;
  return { name, uuid, xml };
}

/** 24 MiB that don't compress, in a file that both hosts see: what a migration must really carry. */
export class MemoryNoise implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'libvirt-lab-'));
  readonly path = join(this.#folder, 'noise');

  constructor() {
    writeFileSync(this.path, randomBytes(24 * 1_048_576));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Ends and removes a domain wherever it is; does nothing where it isn't. */
export async function sweep(clients: readonly LibvirtClient[], uuid: string): Promise<void> {
  for (const client of clients) {
    const domain = (await client.listDomains()).find((listed) => listed.uuid === uuid);
    if (domain === undefined) continue;
    const persistent = await client.isPersistent(domain);
    if (domain.id !== -1) {
      await client.destroyDomain(domain).catch((error: unknown) => {
        // It may have ended between the list and here.
        const gone = [ErrorCode.OPERATION_INVALID, ErrorCode.NO_DOMAIN] as number[];
        if (!(error instanceof LibvirtError && gone.includes(error.code))) throw error;
      });
    }
    if (persistent) await client.undefineDomain(domain);
  }
}
