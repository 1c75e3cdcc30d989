/**
 * Every name and path the lab uses, in one place. Namespaces, cgroups and the links in the machine's own
 * namespace begin with the lab's name; links inside the lab's namespaces need no prefix.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Longest name Linux allows for a network interface (IFNAMSIZ less the final NUL). */
export const longestInterfaceName = 15;

/** The network namespace that holds all switches and the storage networks. */
export const networkNamespace = (lab: string) => `${lab}-net`;
export const hostNamespace = (lab: string, host: string) => `${lab}-${host}`;
export const sanNamespace = (lab: string, datacenter: string) => `${lab}-san-${datacenter}`;
/** The CPU cgroup of a host, directly under the root of the cpu controller. */
export const hostCgroup = (lab: string, host: string) => `${lab}-${host}`;
/** The only links in the machine's own namespace: one for each datacenter, with the management address. */
export const managementLink = (lab: string, datacenter: string) => `${lab}-${datacenter}`;

/** Interfaces inside the network namespace. A switch is a bridge of its own name. */
export const coreBridge = (datacenter: string) => `core-${datacenter}`;
export const storageBridge = (datacenter: string) => `stor-${datacenter}`;
export const managementPort = (datacenter: string) => `mgmt-${datacenter}`;
export const sanPort = (datacenter: string) => `san-${datacenter}`;
export const trunkAtSwitch = (name: string) => `${name}-up`;
export const trunkAtCore = (name: string) => `${name}-core`;
export const hostLanPort = (host: string) => `${host}-lan`;
export const hostStoragePort = (host: string) => `${host}-stor`;

/** Interfaces inside a host: guests attach to the bridge, which carries the LAN address. */
export const hostBridge = 'br0';
export const hostLanLink = 'eth0';
export const hostStorageLink = 'eth1';

/** Where everything of one lab lies. */
export class LabPaths {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The settings the lab was built from. */
  get builtConfig(): string {
    return join(this.folder, 'built.json');
  }
  get lock(): string {
    return join(this.folder, 'lock');
  }
  /** One file for each namespace, link and cgroup made: nothing else is ever removed. */
  get made(): string {
    return join(this.folder, 'made');
  }
  /** One file for each long-lived process, written by the process itself. */
  get processes(): string {
    return join(this.folder, 'processes');
  }
  get logs(): string {
    return join(this.folder, 'logs');
  }
  get guest(): string {
    return join(this.folder, 'guest');
  }
  get prometheus(): string {
    return join(this.folder, 'prometheus');
  }
  get alertmanager(): string {
    return join(this.folder, 'alertmanager');
  }
  get bmc(): string {
    return join(this.folder, 'bmc');
  }
  get bmcPassword(): string {
    return join(this.folder, 'bmc-password');
  }
  get alertToken(): string {
    return join(this.folder, 'alert-token');
  }
  get droverYaml(): string {
    return join(this.folder, 'drover.yaml');
  }
  get droverState(): string {
    return join(this.folder, 'drover');
  }
  /** The lab's CA and all that it has issued. */
  get pki(): string {
    return join(this.folder, 'pki');
  }
  get droverPki(): string {
    return join(this.pki, 'drover');
  }
  /** What a host sees as its /etc/pki. */
  hostPki(host: string): string {
    return join(this.pki, 'hosts', host);
  }
  host(host: string): string {
    return join(this.folder, 'hosts', host);
  }
  san(datacenter: string): string {
    return join(this.folder, 'san', datacenter);
  }
}

/** A UUID that is the same for the same words, so that a rebuilt lab has the same hosts and VMs. */
export function stableUuid(...words: readonly string[]): string {
  const hex = createHash('sha256').update(words.join('\0')).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}

/** A MAC address made from an IPv4 address: unique where the address is. */
export function macOf(prefix: '52:54' | '02:00', address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `${prefix}:${bytes.join(':')}`;
}
