/**
 * Finds out whether a host can open a VM's disks and networks, by its own hypervisor: a throw-away VM with the same
 * disks (read-only) and networks is created paused and never runs. libvirt destroys it when the connection that
 * made it ends (VIR_DOMAIN_START_AUTODESTROY), so nothing is left behind even when the asker dies.
 */
import { randomUUID } from 'node:crypto';
import { XMLSerializer, type Element } from '@xmldom/xmldom';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { child, children, parseXml } from './definition.ts';
import type { MissingPart } from './driver.ts';
import { CreateFlag, type LibvirtClient } from './libvirt/client.ts';
import { LibvirtError } from './libvirt/errors.ts';
import { trialPrefix } from './trial-vms.ts';

const namePrefix = 'drover-rehearsal-';

/** Whether a VM is such a throw-away one, which no list shows. */
export function isRehearsal(name: string): boolean {
  return name.startsWith(namePrefix) || name.startsWith(trialPrefix);
}

/** One of a VM's parts that a host must be able to open. */
interface Part {
  readonly kind: MissingPart['kind'];
  readonly name: string;
  readonly xml: string;
}

/** @returns the parts that the host could not open, each with the hypervisor's own reason; none when all is there */
export async function rehearse(
  client: LibvirtClient,
  definition: VmDefinition,
): Promise<readonly MissingPart[]> {
  const parts = partsOf(definition);
  if (parts.length === 0) return [];
  const refusal = await tryParts(client, definition, parts);
  if (refusal === undefined) return [];
  // One refusal names one part: try each alone, so that all that is missing is told at once.
  const missing: MissingPart[] = [];
  for (const part of parts) {
    const reason = parts.length === 1 ? refusal : await tryParts(client, definition, [part]);
    if (reason !== undefined) missing.push({ kind: part.kind, name: part.name, reason });
  }
  return missing;
}

/** Why the host's hypervisor can't start a VM with these parts; undefined when it can. */
async function tryParts(
  client: LibvirtClient,
  definition: VmDefinition,
  parts: readonly Part[],
): Promise<string | undefined> {
  try {
    // Nobody waits for its end, which takes a second or two: it ends with the connection.
    await client.createDomain(rehearsalXml(definition, parts), CreateFlag.paused | CreateFlag.autodestroy);
    return undefined;
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    // The running VM holds the lock on its image: whoever meets that lock has reached the image.
    return /Failed to get (shared )?"\w+" lock/.test(error.message) ? undefined : error.message;
  }
}

/** The XML of the throw-away VM: the machine of the original with these parts and nothing else. */
export function rehearsalXml(definition: VmDefinition, parts: readonly { readonly xml: string }[]): string {
  const root = parseXml(definition.xml, 'domain');
  const type = child(child(root, 'os'), 'type');
  const attributes = ['arch', 'machine'].flatMap((name) => {
    const value = type?.getAttribute(name);
    return value ? [` ${name}="${escaped(value)}"`] : [];
  });
  const emulator = child(child(root, 'devices'), 'emulator');
  return [
    `<domain type="${escaped(root.getAttribute('type') ?? 'qemu')}">`,
    `<name>${namePrefix}${randomUUID()}</name>`,
    '<memory unit="MiB">16</memory><vcpu>1</vcpu>',
    `<os><type${attributes.join('')}>hvm</type></os>`,
    '<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>',
    `<devices>${emulator ? serialize(emulator) : ''}${parts.map(({ xml }) => xml).join('')}`,
    '<memballoon model="none"/></devices></domain>',
  ].join('');
}

/** The disks and networks of a VM, each as XML that stands in a throw-away VM. */
export function partsOf(definition: VmDefinition): readonly Part[] {
  const devices = child(parseXml(definition.xml, 'domain'), 'devices');
  if (!devices) return [];
  const disks = children(devices, 'disk').flatMap((disk): Part[] => {
    if (!child(disk, 'source')) return [];
    keepOnly(disk, ['driver', 'source', 'target', 'auth', 'encryption']);
    disk.appendChild(ownerOf(disk).createElement('readonly'));
    // QEMU's lock on the image must not be in the way of the VM itself, which may be about to run here. libvirt lets
    // raw images alone be shared.
    if (child(disk, 'driver')?.getAttribute('type') === 'raw')
      disk.appendChild(ownerOf(disk).createElement('shareable'));
    return [{ kind: 'disk', name: child(disk, 'target')?.getAttribute('dev') ?? '?', xml: serialize(disk) }];
  });
  const seen = new Set<string>();
  const networks = children(devices, 'interface').flatMap((nic): Part[] => {
    const name = parseNetwork(definition, nic);
    if (!name || seen.has(name)) return [];
    seen.add(name);
    keepOnly(nic, ['source', 'model', 'virtualport']);
    const link = ownerOf(nic).createElement('link');
    link.setAttribute('state', 'down');
    nic.appendChild(link);
    return [{ kind: 'network', name, xml: serialize(nic) }];
  });
  return [...disks, ...networks];
}

function parseNetwork(definition: VmDefinition, nic: Element): string | undefined {
  const source = child(nic, 'source');
  const name = source?.getAttribute('bridge') ?? source?.getAttribute('network') ?? undefined;
  return name && definition.networks.includes(name) ? name : undefined;
}

/** Leaves out what belongs to the running original alone: addresses, aliases, MAC addresses, boot order, locks. */
function keepOnly(element: Element, names: readonly string[]): void {
  for (const node of Array.from(element.childNodes)) {
    if (node.nodeType === 1 && !names.includes(node.nodeName)) element.removeChild(node);
  }
  for (const source of children(element, 'source')) {
    for (const name of ['portid', 'index']) source.removeAttribute(name);
    for (const inner of children(source, 'privateData')) source.removeChild(inner);
  }
}

function ownerOf(element: Element): NonNullable<Element['ownerDocument']> {
  if (!element.ownerDocument) throw new Error('an element without a document');
  return element.ownerDocument;
}

/** A text as the value of an attribute. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function serialize(element: Element): string {
  return new XMLSerializer().serializeToString(element);
}
