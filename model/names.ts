/**
 * What the things of the project may be called. Names reach people, workflow ids and files; a host is only ever
 * asked by UUID, because libvirt takes `13`, `--all` or another VM's UUID for a name and then finds the wrong VM.
 */
import { z } from 'zod';

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

const nameRule =
  'use 1 to 63 letters (a-z), digits, dots, dashes or underscores, beginning with a letter or a digit';

/** A name of a host, cluster, datacenter or failure domain. */
export const Name = z
  .string(`must be a text: ${nameRule}`)
  .regex(namePattern, `is no valid name: ${nameRule}`);

/**
 * A VM's name. All digits and the form of a UUID are refused besides, since libvirt's tools read those as an id or
 * a UUID. VMs on the hosts that are called otherwise are listed, and never acted on.
 */
export const VmName = Name.refine(
  (name) => !/^[0-9]+$/.test(name),
  'is all digits, which libvirt reads as an id',
)
  .refine((name) => !uuidShape.test(name), 'has the form of a UUID: give the name of the VM')
  .meta({ description: "The VM's name, as libvirt lists it.", examples: ['web1'] });

/** A VM's UUID in its canonical form, lower case with dashes. */
export const Uuid = z.string().regex(uuidShape, 'is no UUID').toLowerCase();

/** Whether Drover may act on a VM of this name; others are listed and left alone. */
export function isActionableVmName(name: string): boolean {
  return VmName.safeParse(name).success;
}

/** Names for a sentence: all of a few, the first twenty of many, and how many more there are. */
export function fewNames(names: readonly string[]): string {
  const rest = names.length - mostInSentence;
  return names.slice(0, mostInSentence).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

const mostInSentence = 20;
