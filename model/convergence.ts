/** How long a live migration may try: its settings, with their defaults and where these come from. */
import { z } from 'zod';

const seconds = z.int().min(5).max(86_400);

/** What `migrations` of drover.yaml says of every move; an operation's own input comes first. */
export const ConvergenceSettings = z.object({
  /**
   * A client that meets the halt as it connects tries again after 1 s (RFC 6298) and then after 3 s: 800 ms and what
   * the switch-over needs besides are over by the first of these. Nova and vdsm end at 500 ms, KubeVirt plans 900.
   */
  maxDowntimeMs: z.int().min(10).max(60_000).default(800).meta({
    description:
      'The longest halt that a VM is allowed for the copy of its last memory, in milliseconds, unless the operation names another: 300 are allowed at first (QEMU’s own default), more in steps, and only while the copy gets no nearer to its end.',
  }),
  /** The progressTimeout of KubeVirt and of vdsm. */
  noProgressSeconds: seconds.default(150).meta({
    description: 'A copy that has got no nearer to its end for so long is aborted.',
  }),
  noProgressAtLongestSeconds: seconds.default(60).meta({
    description: 'The same, once the longest halt is allowed: nothing is left to try then.',
  }),
  diskCheckSeconds: seconds.default(30).meta({
    description:
      'So often the target opens the VM’s disks while it is copied; when it no longer can, the move is aborted.',
  }),
});
export type ConvergenceSettings = z.infer<typeof ConvergenceSettings>;

export const defaultConvergence: ConvergenceSettings = ConvergenceSettings.parse({});
