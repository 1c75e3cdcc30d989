/** The answer to QEMU's `quit`, which is as often libvirt's complaint that its QEMU is gone. */
import { LibvirtError } from './libvirt/errors.ts';

/**
 * libvirt's words for it, of which one comes as often as a plain answer: "Unable to read from monitor: Connection reset
 * by peer" (SYSTEM_ERROR), "End of file from qemu monitor" (INTERNAL_ERROR; qemu_monitor.c), "domain is no longer
 * running" (OPERATION_FAILED; qemuDomainObjExitMonitor). Codes as common as these tell nothing without the words.
 */
const lostMonitor = /(read|file) from (qemu )?monitor|domain is no longer running/;

/** Waits for the answer; that QEMU went while it was asked is one. */
export async function orLostMonitor(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof LibvirtError && lostMonitor.test(error.message))) throw error;
  }
}
