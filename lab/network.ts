/**
 * Switches and cables. Each switch is a bridge in the network namespace, joined by a trunk to its datacenter's
 * core; hosts hang on switches, this machine on the core, so that a switch that is down cuts exactly its hosts.
 * Each datacenter has a storage network of its own beside that, with the SAN on it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { DatacenterConfig, HostConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { LabError } from './errors.ts';
import { ip, ipBatch, ipBatchForced, linksOf, makeNamespace, type Link } from './ip.ts';
import { overlap, parseSubnet } from './ipv4.ts';
import { forgetMade, isMade, listMade, noteMade } from './made.ts';
import * as names from './names.ts';
import { waitFor } from './wait.ts';

/** Makes sure that the switches are there and up. Cables of hosts are the hosts' own (`plugHost`). */
export async function ensureNetwork(context: LabContext): Promise<void> {
  await checkSubnets(context);
  const namespace = names.networkNamespace(context.config.name);
  const links = await linksOf(namespace);
  const complete =
    expectedLinks(context).every((name) => links.has(name)) &&
    context.config.datacenters.every(({ name }) =>
      linkExists(names.managementLink(context.config.name, name)),
    );
  if (!complete) await buildNetwork(context, namespace);
  await ipBatch(
    namespace,
    context.config.switches.map(({ name }) => `link set ${name} up`),
  );
}

async function buildNetwork(context: LabContext, namespace: string): Promise<void> {
  const { config } = context;
  await removeManagementLinks(context);
  await makeNamespace(context.paths, namespace);
  await ipBatch(namespace, [
    ...config.datacenters.flatMap(({ name }) =>
      [names.coreBridge(name), names.storageBridge(name)].flatMap((bridge) => [
        `link add ${bridge} type bridge`,
        `link set ${bridge} up`,
      ]),
    ),
    ...config.switches.flatMap(({ name, datacenter }) => {
      const [atSwitch, atCore] = [names.trunkAtSwitch(name), names.trunkAtCore(name)];
      return [
        `link add ${name} type bridge`,
        `link add ${atSwitch} type veth peer name ${atCore}`,
        `link set ${atSwitch} master ${name} up`,
        `link set ${atCore} master ${names.coreBridge(datacenter)} up`,
      ];
    }),
  ]);
  for (const datacenter of config.datacenters) await plugManagement(context, datacenter, namespace);
}

async function plugManagement(context: LabContext, { name, lan }: DatacenterConfig, namespace: string) {
  const link = names.managementLink(context.config.name, name);
  const port = names.managementPort(name);
  if (linkExists(link))
    throw new LabError(`a link ${link} exists and isn't this lab's: remove it or give the lab another name`);
  noteMade(context.paths, 'link', link);
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', port, 'netns', namespace);
  const noIpv6 = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
  if (existsSync(noIpv6)) writeFileSync(noIpv6, '1');
  await ip('-n', namespace, 'link', 'set', port, 'master', names.coreBridge(name), 'up');
  await ip('addr', 'add', `${lan.management}/${prefixLength(lan.subnet)}`, 'dev', link);
  await ip('link', 'set', link, 'up');
}

/** Connects a host's namespace: `eth0` under the bridge `br0` to its switch, `eth1` to the storage network. */
export async function plugHost({ config }: LabContext, host: HostConfig): Promise<void> {
  const network = names.networkNamespace(config.name);
  const inside = names.hostNamespace(config.name, host.name);
  const datacenter = config.datacenters.find(({ name }) => name === host.datacenter);
  if (!datacenter) throw new LabError(`no datacenter ${host.datacenter}`);
  const { hostBridge, hostLanLink, hostStorageLink } = names;
  const [lanPort, storagePort] = hostPorts(host.name);
  await ipBatch(network, [
    `link add ${lanPort} type veth peer name ${hostLanLink} netns ${inside}`,
    `link add ${storagePort} type veth peer name ${hostStorageLink} netns ${inside}`,
    `link set ${lanPort} master ${host.switch} up`,
    `link set ${storagePort} master ${names.storageBridge(host.datacenter)} up`,
  ]);
  await ipBatch(inside, [
    // A bridge without an address of its own takes the lowest of its ports', and would change it with the guests.
    `link add ${hostBridge} address ${names.macOf('02:00', host.address)} type bridge`,
    `link set ${hostLanLink} master ${hostBridge} up`,
    `addr add ${host.address}/${prefixLength(datacenter.lan.subnet)} dev ${hostBridge}`,
    `link set ${hostBridge} up`,
    `addr add ${host.storageAddress}/${prefixLength(datacenter.storage.subnet)} dev ${hostStorageLink}`,
    `link set ${hostStorageLink} up`,
  ]);
}

/** Connects the namespace of a datacenter's SAN to its storage network. */
export async function plugSan({ config }: LabContext, { name, storage }: DatacenterConfig): Promise<void> {
  const network = names.networkNamespace(config.name);
  const inside = names.sanNamespace(config.name, name);
  const port = names.sanPort(name);
  await ipBatchForced(network, [`link del ${port}`]);
  await ipBatch(network, [
    `link add ${port} type veth peer name eth0 netns ${inside}`,
    `link set ${port} master ${names.storageBridge(name)} up`,
  ]);
  await ipBatch(inside, [
    `addr add ${storage.san}/${prefixLength(storage.subnet)} dev eth0`,
    `link set eth0 up`,
  ]);
}

/** Takes all of a host's links down, or up again, at the switches' end: the host itself can't undo it. */
export async function setHostLinks({ config }: LabContext, host: string, up: boolean): Promise<void> {
  const commands = hostPorts(host).map((port) => `link set ${port} ${up ? 'up' : 'down'}`);
  if (up) await ipBatch(names.networkNamespace(config.name), commands);
  else await ipBatchForced(names.networkNamespace(config.name), commands);
}

/**
 * Removes a host's cables. A socket whose process was killed lives on in the kernel and would send its FIN as soon
 * as it could: without a link it never can.
 */
export async function unplugHost({ config }: LabContext, host: string): Promise<void> {
  const network = names.networkNamespace(config.name);
  const left = await linksOf(network);
  const commands = hostPorts(host)
    .filter((port) => left.has(port))
    .map((port) => `link del ${port}`);
  if (commands.length > 0) await ipBatch(network, commands);
}

/** Waits until both cables of a host carry packets, which the kernel lets them do up to a second after `up`. */
export async function waitForHostLinks({ config }: LabContext, host: string): Promise<void> {
  const { hostBridge, hostLanLink, hostStorageLink } = names;
  await Promise.all([
    waitForLinks(names.networkNamespace(config.name), hostPorts(host)),
    waitForLinks(names.hostNamespace(config.name, host), [hostBridge, hostLanLink, hostStorageLink]),
  ]);
}

async function waitForLinks(namespace: string, wanted: readonly string[]): Promise<void> {
  await waitFor(`the links ${wanted.join(', ')} of ${namespace}`, 10, async () => {
    const links = await linksOf(namespace);
    const missing = wanted.filter((name) => links.get(name)?.carries !== true);
    return missing.length === 0 ? { value: true } : { seen: `${missing.join(', ')} without carrier` };
  });
}

export async function setSwitchLink({ config }: LabContext, name: string, up: boolean): Promise<void> {
  const namespace = names.networkNamespace(config.name);
  await ip('-n', namespace, 'link', 'set', name, up ? 'up' : 'down');
  if (up) await waitForLinks(namespace, [name, names.trunkAtSwitch(name), names.trunkAtCore(name)]);
}

export interface NetworkState {
  switchIsUp(name: string): boolean;
  /** `unplugged`: the host is off or crashed, it has no cables. */
  hostLinks(host: string): 'up' | 'down' | 'unplugged';
}

export async function readNetworkState({ config }: LabContext): Promise<NetworkState> {
  const links = await linksOf(names.networkNamespace(config.name));
  return {
    switchIsUp: (name) => links.get(name)?.up ?? false,
    hostLinks: (host) => {
      const ports = hostPorts(host).map((port) => links.get(port));
      if (!ports.every((port): port is Link => port !== undefined)) return 'unplugged';
      return ports.every(({ up }) => up) ? 'up' : 'down';
    },
  };
}

/** Removes the links that the lab made in the machine's own namespace. */
export async function removeManagementLinks({ paths }: Pick<LabContext, 'paths'>): Promise<void> {
  for (const link of listMade(paths, 'link')) {
    if (linkExists(link)) await ip('link', 'del', link);
    forgetMade(paths, 'link', link);
  }
}

const routesSchema = z.array(
  z.looseObject({ dst: z.string(), dev: z.string().optional(), type: z.string().optional() }),
);

/** Refuses subnets that the machine already has a way to: the lab would cut it off from somebody. */
async function checkSubnets({ config, paths }: LabContext): Promise<void> {
  const routes = routesSchema.parse(JSON.parse((await ip('-json', 'route', 'show', 'table', 'all')) || '[]'));
  for (const { name, lan, storage } of config.datacenters)
    for (const [path, text] of [
      [`datacenters.${name}.lan.subnet`, lan.subnet],
      [`datacenters.${name}.storage.subnet`, storage.subnet],
    ] as const) {
      const subnet = parseSubnet(text);
      const clash = routes.find(({ dst, dev }) => {
        const route = parseSubnet(dst);
        const ours = dev !== undefined && isMade(paths, 'link', dev);
        return subnet && route && route.prefixLength > 0 && !ours && overlap(subnet, route);
      });
      if (clash)
        throw new LabError(
          `${path} ${text} is in use: this machine has a route to ${clash.dst} by ${clash.dev ?? clash.type ?? 'another way'}; ` +
            'choose another subnet in the lab’s settings (and other addresses with it), or end what uses this one',
        );
    }
}

function expectedLinks({ config }: LabContext): string[] {
  return [
    ...config.datacenters.flatMap(({ name }) =>
      [names.coreBridge, names.storageBridge, names.managementPort].map((link) => link(name)),
    ),
    ...config.switches.flatMap(({ name }) => [name, names.trunkAtSwitch(name), names.trunkAtCore(name)]),
  ];
}

const hostPorts = (host: string) => [names.hostLanPort(host), names.hostStoragePort(host)] as const;
const linkExists = (name: string) => existsSync(`/sys/class/net/${name}`);
const prefixLength = (subnet: string) => subnet.split('/')[1] ?? '24';
