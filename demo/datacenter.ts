/** A datacenter on which the guided move can be shown. */
import type { Steps } from '../setup/steps.ts';

export interface Datacenter {
  readonly kind: 'lab' | 'simulated';
  /** Where it keeps its files. */
  readonly folder: string;
  /** Where the Drover on it keeps its own. */
  readonly droverState: string;
  readonly droverYamlPath: string;
  readonly hosts: readonly { readonly name: string; readonly cpus: number }[];
  /** Whose word the downtime and the alert are, as a sentence names it: `libvirt`, `Alertmanager`. */
  readonly hypervisor: string;
  readonly alerting: string;
  /** Makes all of it, its monitoring included, and returns when every VM answers. */
  up(steps: Steps): Promise<void>;
  /** Removes all that `up` made, and nothing that was there before. */
  down(steps: Steps): Promise<void>;
  /** The address of a VM's web server, without a slash at its end. @throws Error for a VM that it does not have */
  webServerOf(vm: string): string;
  /** A busy loop inside the guest, or its end. */
  load(vm: string, on: boolean): Promise<void>;
  /** Where pending and firing alerts are listed, as Prometheus does it. */
  alertsUrl(): string;
  /** For a person who looks around: what watches it, and what else it can be made to do. */
  monitoringPages(): string;
  readonly loadCommand: string;
}
