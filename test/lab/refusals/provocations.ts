/** Ways of making real hosts refuse; what they say is kept in `activities/hosts/libvirt-refusals.json`. */
import { copying, hooks, losses } from './interrupted.ts';
import { orders, states } from './orders.ts';
import type { Provocation } from './scene.ts';
import { clashes, lacks, ways } from './targets.ts';
import { unmovable } from './unmovable.ts';

export const provocations: Readonly<Record<string, Provocation>> = {
  states,
  orders,
  ways,
  clashes,
  lacks,
  unmovable,
  copying,
  losses,
  hooks,
};
