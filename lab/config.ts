/** The small file that a lab is made from: its schema, its checks, and a flat view of it for the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { LabError, messageOf } from './errors.ts';
import { contains, isAddress, overlap, parseSubnet } from './ipv4.ts';
import * as names from './names.ts';

/** Room for the longest suffix or prefix that `names.ts` adds, within Linux's 15 characters for interfaces. */
const shortName = (longest: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[a-z][a-z0-9-]{0,${longest - 1}}$`),
      `must be a lower-case letter followed by at most ${longest - 1} letters, digits or dashes`,
    );

const address = z.string().refine(isAddress, 'must be an IPv4 address such as 10.77.0.11');
const subnet = z
  .string()
  .refine(
    (text) => text.includes('/') && parseSubnet(text) !== undefined,
    'must be an IPv4 subnet such as 10.77.0.0/24',
  );
const port = z.int().min(1).max(65_535);

const host = z.strictObject({
  switch: z.string().meta({ description: 'the switch that its LAN link goes to' }),
  address: address.meta({ description: 'its address on the LAN: management, migration, libvirt' }),
  storageAddress: address,
  cpus: z
    .number()
    .positive()
    .max(1024)
    .meta({ description: 'a quota in CPUs of this machine, may be a fraction' }),
  memoryMiB: z.int().positive().meta({ description: 'told to Drover; not enforced' }),
  bmcPort: port.meta({ description: 'HTTPS Redfish on loopback' }),
  exporterPort: port.meta({ description: 'prometheus-libvirt-exporter on loopback' }),
});

const datacenter = z.strictObject({
  lan: z.strictObject({
    subnet,
    management: address.meta({ description: 'the address of this machine on the LAN' }),
  }),
  storage: z.strictObject({ subnet, san: address }),
  switches: z.array(shortName(10)).min(1),
  clusters: z.record(shortName(32), z.strictObject({ hosts: z.record(shortName(10), host) })),
});

const vm = z.strictObject({
  host: z.string().meta({ description: 'where it is started' }),
  address,
  memoryMiB: z.int().min(96).default(128),
  vcpus: z.int().min(1).max(16).default(1),
  disk: z.strictObject({ sizeMiB: z.int().positive() }),
});

const fileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,6}$/, 'must be a lower-case letter followed by at most 6 letters or digits'),
  folder: z.string().startsWith('/').optional().meta({ description: 'default /var/lib/drover-lab/<name>' }),
  cache: z.string().startsWith('/').default('/var/cache/drover-lab'),
  transport: z
    .enum(['tls', 'tcp'])
    .default('tls')
    .meta({ description: 'how libvirtd is reached: with certificates of the lab’s own CA, or unprotected' }),
  datacenters: z.record(shortName(7), datacenter),
  vms: z.record(shortName(32), vm).default({}),
  ports: z.strictObject({
    prometheus: port,
    alertmanager: port,
    alerts: port,
    workerMetrics: port,
    temporal: port,
    temporalUi: port,
  }),
});

type File = z.infer<typeof fileSchema>;

export interface DatacenterConfig extends Omit<z.infer<typeof datacenter>, 'clusters' | 'switches'> {
  readonly name: string;
}
export interface SwitchConfig {
  readonly name: string;
  readonly datacenter: string;
}
export interface HostConfig extends z.infer<typeof host> {
  readonly name: string;
  readonly cluster: string;
  readonly datacenter: string;
}
export interface VmConfig extends z.infer<typeof vm> {
  readonly name: string;
  readonly uuid: string;
}

/** The file, read and checked, as lists. */
export interface LabConfig {
  readonly name: string;
  readonly folder: string;
  readonly cache: string;
  readonly transport: File['transport'];
  readonly datacenters: readonly DatacenterConfig[];
  readonly switches: readonly SwitchConfig[];
  readonly clusters: readonly { readonly name: string; readonly datacenter: string }[];
  readonly hosts: readonly HostConfig[];
  readonly vms: readonly VmConfig[];
  readonly ports: File['ports'];
}

export const defaultConfigFile = join(import.meta.dirname, 'default.yaml');

/** Reads a lab's file. @throws LabError that names the path in the file, the value and what is allowed. */
export function readConfig(file: string = defaultConfigFile): LabConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new LabError(`can't read the lab's settings: ${messageOf(error)}`, { cause: error });
  }
  return parseConfig(text, file);
}

/** @throws LabError */
export function parseConfig(text: string, file = 'lab.yaml'): LabConfig {
  const document = parseDocument(text, { prettyErrors: true });
  const [syntaxError] = document.errors;
  if (syntaxError) throw new LabError(`${file}: ${syntaxError.message.trimEnd()}`);
  const parsed = fileSchema.safeParse(document.toJS());
  const problems = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => {
        const path = issue.path.map(String);
        const value: unknown = document.getIn(path);
        const shown = typeof value === 'string' || typeof value === 'number' ? ` (it is ${value})` : '';
        return `${path.join('.') || 'the file'}: ${issue.message}${shown}`;
      });
  if (!parsed.success || problems.length > 0)
    throw new LabError(`${file} can't be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  return flatten(parsed.data);
}

function flatten(file: File): LabConfig {
  const places = Object.entries(file.datacenters);
  const clusters = places.flatMap(([datacenter, place]) =>
    Object.entries(place.clusters).map(([name, cluster]) => ({ name, datacenter, hosts: cluster.hosts })),
  );
  return {
    name: file.name,
    folder: file.folder ?? `/var/lib/drover-lab/${file.name}`,
    cache: file.cache,
    transport: file.transport,
    datacenters: places.map(([name, { lan, storage }]) => ({ name, lan, storage })),
    switches: places.flatMap(([datacenter, place]) => place.switches.map((name) => ({ name, datacenter }))),
    clusters: clusters.map(({ name, datacenter }) => ({ name, datacenter })),
    hosts: clusters.flatMap(({ name: cluster, datacenter, hosts }) =>
      Object.entries(hosts).map(([name, host]) => ({ name, cluster, datacenter, ...host })),
    ),
    vms: Object.entries(file.vms).map(([name, vm]) => ({
      name,
      uuid: names.stableUuid('vm', file.name, name),
      ...vm,
    })),
    ports: file.ports,
  };
}

/** What a schema can't say: parts of the file that contradict one another, as `path: what is wrong`. */
function contradictions(file: File): string[] {
  const lab = flatten(file);
  const problems: string[] = [];
  const placeOf = (datacenter: string) => file.datacenters[datacenter];
  const hostPath = (host: HostConfig) =>
    `datacenters.${host.datacenter}.clusters.${host.cluster}.hosts.${host.name}`;

  const addresses: [path: string, address: string, subnet: string | undefined][] = [
    ...lab.datacenters.flatMap((place): [string, string, string][] => [
      [`datacenters.${place.name}.lan.management`, place.lan.management, place.lan.subnet],
      [`datacenters.${place.name}.storage.san`, place.storage.san, place.storage.subnet],
    ]),
    ...lab.hosts.flatMap((host): [string, string, string | undefined][] => [
      [`${hostPath(host)}.address`, host.address, placeOf(host.datacenter)?.lan.subnet],
      [`${hostPath(host)}.storageAddress`, host.storageAddress, placeOf(host.datacenter)?.storage.subnet],
    ]),
    ...lab.vms.map((vm): [string, string, string | undefined] => {
      const home = lab.hosts.find((host) => host.name === vm.host);
      if (!home) problems.push(`vms.${vm.name}.host: no host ${vm.host}; there are ${listOf(lab.hosts)}`);
      return [`vms.${vm.name}.address`, vm.address, home && placeOf(home.datacenter)?.lan.subnet];
    }),
  ];
  for (const [path, address, text] of addresses) {
    const subnet = text === undefined ? undefined : parseSubnet(text);
    if (subnet && !contains(subnet, address)) problems.push(`${path}: ${address} is not in ${text}`);
  }
  problems.push(
    ...usedTwice(addresses.map(([path, address]) => [path, address])),
    ...usedTwice([
      ...Object.entries(lab.ports).map(([name, port]): [string, string] => [`ports.${name}`, `port ${port}`]),
      ...lab.hosts.flatMap((host): [string, string][] => [
        [`${hostPath(host)}.bmcPort`, `port ${host.bmcPort}`],
        [`${hostPath(host)}.exporterPort`, `port ${host.exporterPort}`],
      ]),
    ]),
    ...usedTwice(lab.hosts.map((host) => [hostPath(host), `host ${host.name}`])),
    ...usedTwice(
      lab.clusters.map(({ name, datacenter }) => [`datacenters.${datacenter}.clusters`, `cluster ${name}`]),
    ),
    ...usedTwice(derivedNames(lab)),
  );
  for (const host of lab.hosts) {
    const switches = lab.switches.filter((found) => found.datacenter === host.datacenter);
    if (!switches.some((found) => found.name === host.switch))
      problems.push(`${hostPath(host)}.switch: no switch ${host.switch}; there are ${listOf(switches)}`);
  }
  const subnets = lab.datacenters.flatMap((place): [string, string][] => [
    [`datacenters.${place.name}.lan.subnet`, place.lan.subnet],
    [`datacenters.${place.name}.storage.subnet`, place.storage.subnet],
  ]);
  for (const [index, [path, text]] of subnets.entries())
    for (const [otherPath, otherText] of subnets.slice(0, index)) {
      const [one, other] = [parseSubnet(text), parseSubnet(otherText)];
      if (one && other && overlap(one, other)) problems.push(`${path}: overlaps ${otherPath} (${otherText})`);
    }
  return problems;
}

/** Names of namespaces and of interfaces in the network namespace, which must not meet. */
function derivedNames(lab: LabConfig): [path: string, name: string][] {
  return [
    ['name', `namespace ${names.networkNamespace(lab.name)}`],
    ...lab.datacenters.flatMap(({ name }): [string, string][] => [
      [`datacenters.${name}`, `namespace ${names.sanNamespace(lab.name, name)}`],
      ...[names.coreBridge, names.storageBridge, names.managementPort, names.sanPort].map(
        (link): [string, string] => [`datacenters.${name}`, `interface ${link(name)}`],
      ),
    ]),
    ...lab.switches.flatMap(({ name, datacenter }): [string, string][] =>
      [(switchName: string) => switchName, names.trunkAtSwitch, names.trunkAtCore].map((link) => [
        `datacenters.${datacenter}.switches (${name})`,
        `interface ${link(name)}`,
      ]),
    ),
    ...lab.hosts.flatMap(({ name }): [string, string][] => [
      [`host ${name}`, `namespace ${names.hostNamespace(lab.name, name)}`],
      [`host ${name}`, `interface ${names.hostLanPort(name)}`],
      [`host ${name}`, `interface ${names.hostStoragePort(name)}`],
    ]),
  ];
}

function usedTwice(uses: readonly (readonly [path: string, what: string])[]): string[] {
  const first = new Map<string, string>();
  const problems: string[] = [];
  for (const [path, what] of uses) {
    const before = first.get(what);
    if (before === undefined) first.set(what, path);
    else problems.push(`${path}: ${what} is already used by ${before}`);
  }
  return problems;
}

export function listOf(named: readonly { readonly name: string }[]): string {
  return named.map(({ name }) => name).join(', ') || 'none';
}
