/** What a VM is made of, read from its definition (libvirt's domain XML, formatdomain.html). */
import { DOMParser, type Element } from '@xmldom/xmldom';
import { droverNamespace, type VmDefinition, type VmDisk } from '../../model/vm-definition.ts';

/** Reads a domain's XML. @throws UnreadableXml when it is none */
export function parseDefinition(xml: string): VmDefinition {
  const root = parseXml(xml, 'domain');
  const devices = child(root, 'devices');
  const all = (name: string): Element[] => (devices ? children(devices, name) : []);
  const epoch = readEpoch(child(root, 'metadata'));
  return {
    uuid: textOf(root, 'uuid').toLowerCase(),
    name: textOf(root, 'name'),
    memoryMiB: memoryMiB(child(root, 'memory')),
    vcpus: Number(textOf(root, 'vcpu') || '1'),
    disks: all('disk').map(readDisk),
    networks: [...new Set(all('interface').flatMap(interfaceNetwork))],
    hostDevices: [
      ...all('hostdev').map((device) => `${device.getAttribute('type') ?? 'host'} device`),
      ...all('interface').flatMap((nic) => {
        const type = nic.getAttribute('type') ?? '';
        return ['hostdev', 'direct', 'vdpa'].includes(type) ? [`network card of type ${type}`] : [];
      }),
      ...all('filesystem').map(() => 'shared folder of the host'),
    ],
    stateOutside: [
      ...(child(child(root, 'os'), 'nvram') ? ['NVRAM'] : []),
      ...(all('tpm').length > 0 ? ['TPM'] : []),
    ],
    hasHiddenPassword: all('graphics').some(
      (graphics) => graphics.hasAttribute('passwd') || graphics.hasAttribute('passwdValidTo'),
    ),
    ...(epoch === undefined ? {} : { epoch }),
    xml,
  };
}

/** A text of a host's that is not the XML it should be. The message says what was expected, and how what came begins. */
export class UnreadableXml extends Error {
  constructor(reason: string, xml: string, cause?: unknown) {
    super(
      `${reason}: ${JSON.stringify(xml.slice(0, mostQuoted))}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'UnreadableXml';
  }
}

const mostQuoted = 80;

/** An element tree of a text that comes from a host. @throws UnreadableXml */
export function parseXml(xml: string, rootName: string): Element {
  let root: Element | null = null;
  try {
    root = new DOMParser({
      onError: (level, message) => {
        if (level !== 'warning') throw new Error(message);
      },
    }).parseFromString(xml, 'text/xml').documentElement;
  } catch (error) {
    const why = (error as Error).message;
    throw new UnreadableXml(`not well-formed XML where <${rootName}> was expected (${why})`, xml, error);
  }
  if (root?.tagName !== rootName)
    throw new UnreadableXml(`<${root?.tagName ?? 'nothing'}> where <${rootName}> was expected`, xml);
  return root;
}

/** The first child element of this name. */
export function child(parent: Element | undefined, name: string): Element | undefined {
  return parent ? children(parent, name)[0] : undefined;
}

/** The child elements of this name, in their order. */
export function children(parent: Element, name: string): Element[] {
  return [...parent.childNodes].filter(
    (node): node is Element => node.nodeType === 1 && node.nodeName === name,
  );
}

/** The text of a child element, trimmed; empty when there is none. */
export function textOf(parent: Element | undefined, name: string): string {
  return child(parent, name)?.textContent?.trim() ?? '';
}

/** libvirt counts in KiB unless `unit` says otherwise; with SI units it means powers of 1000. */
const bytesPerUnit: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  kb: 1000,
  k: 1024,
  kib: 1024,
  mb: 1000 ** 2,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  gb: 1000 ** 3,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  tb: 1000 ** 4,
  t: 1024 ** 4,
  tib: 1024 ** 4,
};

function memoryMiB(memory: Element | undefined): number {
  const unit = (memory?.getAttribute('unit') ?? 'KiB').toLowerCase();
  return (Number(memory?.textContent ?? '0') * (bytesPerUnit[unit] ?? 1024)) / 1024 ** 2;
}

/** A value that is no epoch is none: a person's slip makes no VM unreadable. */
function readEpoch(metadata: Element | undefined): number | undefined {
  const lease = [...(metadata?.childNodes ?? [])].find(
    (node): node is Element => node.namespaceURI === droverNamespace && node.localName === 'lease',
  );
  const written = lease?.getAttribute('epoch') ?? '';
  const epoch = /^[0-9]+$/.test(written) ? Number(written) : undefined;
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}

function readDisk(disk: Element): VmDisk {
  const source = child(disk, 'source');
  const type = disk.getAttribute('type') ?? 'other';
  const target = child(disk, 'target')?.getAttribute('dev') ?? '?';
  const device = (disk.getAttribute('device') ?? 'disk') as VmDisk['device'];
  const path = source?.getAttribute('file') ?? source?.getAttribute('dev') ?? source?.getAttribute('dir');
  switch (type) {
    case 'network': {
      const host = child(source, 'host');
      const server = [
        host?.getAttribute('name') ?? host?.getAttribute('socket') ?? '',
        host?.getAttribute('port') ?? '',
      ];
      const storage = `${source?.getAttribute('protocol') ?? 'network'}://${server.filter(Boolean).join(':')}`;
      return {
        target,
        device,
        kind: 'network',
        storage,
        source: `${storage}/${source?.getAttribute('name') ?? ''}`,
      };
    }
    case 'volume': {
      const pool = source?.getAttribute('pool') ?? '';
      return {
        target,
        device,
        kind: 'volume',
        source: `volume ${source?.getAttribute('volume') ?? ''} of pool ${pool}`,
      };
    }
    case 'file':
    case 'block':
    case 'dir':
      return {
        target,
        device,
        kind: type === 'block' ? 'block' : 'file',
        ...(path ? { source: path, path } : {}),
      };
    default:
      return { target, device, kind: 'other', source: `a disk of type ${type}` };
  }
}

function interfaceNetwork(nic: Element): string[] {
  const source = child(nic, 'source');
  const name = source?.getAttribute('bridge') ?? source?.getAttribute('network');
  return name ? [name] : [];
}
