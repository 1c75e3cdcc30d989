/** The schema of `drover.yaml`. Every key is explained here; the JSON Schema for editors is made from it. */
import { z } from 'zod';
import { ConvergenceSettings } from '../model/convergence.ts';
import { Name, VmName } from '../model/names.ts';

/** `host:port` to listen on or to connect to. */
const HostAndPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$/, 'must be host:port, such as 127.0.0.1:9199');

const hostUriRule =
  'must be qemu+tls://HOST[:PORT]/system, qemu+ssh://[USER@]HOST[:PORT]/system, qemu+tcp://HOST[:PORT]/system, ' +
  'qemu+unix:///path/of/the/socket, or sim://ADDRESS:PORT/HOST (a simulated host), without a query: ' +
  'one could start programs on the hosts, or take away what protects them';

/**
 * How a host is reached, in parts that were checked. No query is taken: libvirt's `?command=` in a URI runs a
 * program, on the source host even as root (reproduced on libvirt 9.0), and `?no_verify=1` accepts any certificate.
 * Neither a user nor a host begins with a dash, which ssh would take for an option.
 */
export const HostUri = z
  .string(hostUriRule)
  .regex(
    /^(qemu\+((tcp|tls):\/\/|ssh:\/\/([a-z_][a-z0-9_-]{0,31}@)?)(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:[0-9]{1,5})?\/system|qemu\+unix:\/\/\/[A-Za-z0-9._/-]+|sim:\/\/(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):[0-9]{1,5}\/[A-Za-z0-9][A-Za-z0-9._-]{0,62})$/,
    hostUriRule,
  );

/**
 * A secret by reference: the name of an environment variable, or a file whose first line it is. A name that is not set
 * is looked for among the credentials that systemd gives a unit (`LoadCredential=NAME:PATH`).
 */
const secretRule = 'must be the name of an environment variable (or {file: PATH})';
export const SecretReference = z.union([
  z.string(secretRule).regex(/^[A-Z][A-Z0-9_]*$/, secretRule),
  z.strictObject({ file: z.string().min(1) }, secretRule),
]);
export type SecretReference = z.infer<typeof SecretReference>;

const Fence = z.strictObject({
  agent: z
    .string()
    .regex(/^fence_[a-z0-9_]+$/, 'must be an agent of fence-agents, such as fence_redfish or fence_ipmilan'),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  secrets: z.record(z.string(), SecretReference).default({}),
});

const AbsolutePath = z.string().regex(/^\/[^\0"\n]+$/, 'must be an absolute path, without quotes');

/** libvirt's own places (https://libvirt.org/kbase/tlscerts.html), so that a machine on which virsh works needs no word. */
const Tls = z.strictObject({
  ca: AbsolutePath.default('/etc/pki/CA/cacert.pem').meta({
    description: 'The CA, or CAs, of the hosts’ certificates.',
  }),
  cert: AbsolutePath.default('/etc/pki/libvirt/clientcert.pem').meta({
    description: 'Drover’s own certificate; its name stands on the hosts’ tls_allowed_dn_list.',
  }),
  key: AbsolutePath.default('/etc/pki/libvirt/private/clientkey.pem').meta({
    description: 'Its key, which others on this machine must not be able to read.',
  }),
});

const Ssh = z.strictObject({
  identityFile: AbsolutePath.optional().meta({
    description:
      'The private key, without a passphrase. Default: as ssh finds its keys (ssh_config, an agent).',
  }),
  knownHosts: AbsolutePath.optional().meta({
    description:
      'The hosts’ keys; others are refused. Default: as ssh finds them (~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts).',
  }),
});

const Host = z.strictObject({
  uri: HostUri.meta({
    description: 'How Drover reaches the host.',
    examples: ['qemu+tls://host1.example/system', 'qemu+ssh://root@host1.example/system'],
  }),
  peerUri: HostUri.optional().meta({
    description: 'How other hosts reach it, with their own certificates and keys. Default: uri.',
  }),
  migrateTo: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)$/, 'must be an address or a host name')
    .optional()
    .meta({ description: 'The address to which memory is copied. Default: the host of peerUri.' }),
  cpus: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'Cores for VMs; fractions are allowed. Default: what the host says.' }),
  memoryMiB: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'Memory for VMs. Default: what the host says.' }),
  failureDomains: z
    .record(Name, Name)
    .default({})
    .meta({ examples: [{ switch: 'sw1', rack: 'a' }] }),
  fence: Fence.optional(),
});

const Availability = z.strictObject({
  hostFailuresToTolerate: z.int().min(0).max(4).default(1).meta({
    description: 'Room is to be left to restart what so many hosts carry, whichever they are. 0: none.',
  }),
  admission: z.enum(['warn', 'refuse']).default('warn').meta({
    description: 'What becomes of an operation that would leave less room than that.',
  }),
});

const Cluster = z.strictObject({
  datacenter: Name.meta({
    description: 'Where its hosts stand; workers that are near serve it (--datacenter).',
  }),
  sharedPaths: z
    .array(z.string().regex(/^\/[^\0]*$/, 'must be an absolute path'))
    .default([])
    .meta({
      description:
        'Folders (or device folders) that are the same storage on all hosts of the cluster: VMs with disks there can move.',
      examples: [['/srv/vms']],
    }),
  availability: Availability.prefault({}),
  hosts: z
    .record(Name, Host, 'must map host names to their settings: {host1: {uri: ...}}')
    .refine((hosts) => Object.keys(hosts).length > 0, 'names no host')
    .meta({ description: 'By their names, which are unique in the whole inventory.' }),
});

const VmSettings = z.strictObject({
  avoid: z.array(Name).default([]).meta({ description: 'Hosts that the VM must not be on.' }),
  apartFrom: z.array(VmName).default([]).meta({ description: 'VMs that must not share its host.' }),
});

const ruleOf = {
  strength: z.enum(['must', 'should']).default('must').meta({
    description: 'must: a host that would break it is refused. should: one that keeps it is preferred.',
  }),
};
const several = z.array(VmName).min(2, 'needs two VMs or more');
const someHosts = z.array(Name).min(1, 'names no host');

/** By their names, which plans, refusals and `drover check` tell. */
const Rule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('apart').meta({ description: 'No two of these VMs on one host.' }),
    vms: several,
    by: Name.optional().meta({
      description:
        'Nor in one failure domain of this kind; a host that names none is one by itself. Default: by host.',
      examples: ['rack'],
    }),
    ...ruleOf,
  }),
  z.strictObject({
    kind: z.literal('together').meta({ description: 'All of these VMs on one host.' }),
    vms: several,
    ...ruleOf,
  }),
  z.strictObject({
    kind: z.literal('on').meta({ description: 'These VMs on these hosts alone.' }),
    vms: z.array(VmName).min(1, 'names no VM'),
    hosts: someHosts,
    ...ruleOf,
  }),
  z.strictObject({
    kind: z.literal('avoid').meta({ description: 'These VMs on none of these hosts.' }),
    vms: z.array(VmName).min(1, 'names no VM'),
    hosts: someHosts,
    ...ruleOf,
  }),
]);

/** An alert of the site's own that starts an operation: its name and labels, and the input with `{label}` filled in. */
const AlertRoute = z.strictObject({
  alertname: z.string().min(1),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Labels that must have these values.' }),
  workflow: z.enum(['migrateVm']),
  input: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).meta({
    description: 'The input; a text "{NAME}" stands for the value of that label.',
    examples: [{ vm: '{domain}' }],
  }),
});
export type AlertRoute = z.infer<typeof AlertRoute>;

const Alerts = z
  .strictObject({
    listen: HostAndPort.default('127.0.0.1:9199'),
    tokenFile: z.string().min(1).optional(),
    tokenEnv: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable')
      .optional(),
    routes: z.array(AlertRoute).default([]),
  })
  .refine((alerts) => !(alerts.tokenFile && alerts.tokenEnv), 'give tokenFile or tokenEnv, not both')
  .refine(
    (alerts) => alerts.tokenFile ?? alerts.tokenEnv,
    'needs tokenFile or tokenEnv: without a token anyone could start moves',
  );

const port = z.int().min(1).max(65_535);

/** Where the Temporal UI has payloads decrypted: https://docs.temporal.io/codec-server */
const CodecEndpoint = z.strictObject({
  listen: HostAndPort.default('127.0.0.1:8234').meta({
    description: 'Where `drover up` serves /decode and /encode for the Temporal UI and CLI.',
  }),
  token: SecretReference.meta({ description: 'Who knows it may read what is encrypted.' }),
  origins: z
    .array(
      z.string().regex(/^https?:\/\/[^/\s]+$/, 'must be http://HOST:PORT or https://HOST, without a path'),
    )
    .default([])
    .meta({
      description: 'Pages that may ask, besides the Temporal UI of temporal.uiUrl and the embedded one.',
      examples: [['https://temporal.example']],
    }),
});

const Codec = z.strictObject({
  keys: z
    .record(Name, SecretReference)
    .refine((keys) => Object.keys(keys).length > 0, 'names no key')
    .meta({
      description:
        'Keys of 32 bytes by names of your own (openssl rand -base64 32). One that is used no more stays as long as Temporal keeps what it has encrypted.',
      examples: [{ 'key-2026': 'DROVER_CODEC_KEY' }],
    }),
  current: Name.optional().meta({
    description: 'The key that encrypts. Without it nothing is encrypted any more, and what was can be read.',
  }),
  endpoint: CodecEndpoint.optional(),
});

const Temporal = z.strictObject({
  embedded: z
    .strictObject({
      port: port.default(7233).meta({ description: 'Where it listens, on this machine alone.' }),
      uiPort: port.default(8233).meta({ description: 'Its web page, on this machine alone.' }),
    })
    .prefault({})
    .meta({
      description:
        'The server that `drover up` starts where no other is configured (TEMPORAL_ADDRESS, temporal.toml).',
    }),
  uiUrl: z
    .url({
      protocol: /^https?$/,
      error: 'must be http://HOST:PORT or https://HOST, where the Temporal UI is',
    })
    .refine((url) => !/[?#]/.test(url), 'must end before any ? or #: it is where the Temporal UI begins')
    .optional()
    .meta({
      description:
        'Where the Temporal UI is, for the links that Drover prints. Default: the embedded one; of another Temporal nobody knows.',
      examples: ['https://temporal.example'],
    }),
  retentionDays: z
    .int()
    .min(1)
    .max(365)
    .default(30)
    .meta({ description: 'So long Temporal remembers operations that have ended.' }),
  codec: Codec.optional().meta({
    description:
      'Encrypts what Temporal stores of inputs, results, failures, pages and records (AES-256-GCM).',
  }),
});

/** What makes a VM starved: one place for the rule that fires and for the look that Drover takes before it acts. */
const Starved = z.strictObject({
  hostBusyRatio: z
    .number()
    .positive()
    .max(1)
    .default(0.9)
    .meta({ description: 'The host uses at least this share of its cores.' }),
  vmShareOfHost: z
    .number()
    .positive()
    .max(1)
    .default(0.25)
    .meta({ description: 'The VM uses at least this share of what the host gives.' }),
  forSeconds: z.int().min(0).max(86_400).default(60).meta({ description: 'So long before the alert fires.' }),
  windowSeconds: z
    .int()
    .min(2)
    .max(3600)
    .default(60)
    .meta({ description: 'Over which CPU use is measured by the rule.' }),
});

const slots = z.int().min(1).max(64).default(2);

const Migrations = z.strictObject({
  /** How much a host is loaded with copies of memory at a time; what is above waits its turn at the host's record. */
  perHostIn: slots.meta({ description: 'Moves to one host at a time.' }),
  perHostOut: slots.meta({ description: 'Moves away from one host at a time.' }),
  ...ConvergenceSettings.shape,
});

export const SettingsSchema = z.strictObject({
  stateDir: z.string().startsWith('/', 'must be an absolute path').optional().meta({
    description:
      'Where Drover keeps its own files. Default: /var/lib/drover for root, else ~/.local/state/drover.',
  }),
  temporal: Temporal.prefault({}),
  clusters: z
    .record(Name, Cluster)
    .refine((clusters) => Object.keys(clusters).length > 0, 'names no cluster'),
  vms: z.record(VmName, VmSettings).default({}),
  rules: z
    .record(Name, Rule)
    .default({})
    .meta({
      description: 'Which VMs are kept together or apart, and on which hosts, by names of your own.',
      examples: [{ 'db-apart': { kind: 'apart', vms: ['db1', 'db2'], by: 'rack' } }],
    }),
  tls: Tls.prefault({}).meta({
    description: 'For hosts by qemu+tls: read anew for each connection, so a renewed file needs no restart.',
  }),
  ssh: Ssh.prefault({}).meta({ description: 'For hosts by qemu+ssh.' }),
  alerts: Alerts.optional(),
  metrics: z.strictObject({ worker: HostAndPort.default('127.0.0.1:9464') }).prefault({}),
  keepaliveSeconds: z.int().min(1).max(300).default(30).meta({
    description:
      'A silent connection is dropped after so long; equal to keepalive_interval x (keepalive_count + 1) of the hosts’ libvirtd.conf.',
  }),
  migrations: Migrations.prefault({}).meta({
    description:
      'Moves under way at one time, of which further ones wait their turn; and how long one may try, and stand still.',
  }),
  prometheusUrl: z
    .url({ protocol: /^https?$/, error: 'must be http://HOST:PORT or https://HOST' })
    .optional(),
  starved: Starved.prefault({}),
  survey: z
    .strictObject({
      everyMinutes: z
        .int()
        .min(0)
        .max(1440)
        .default(5)
        .meta({ description: 'How often the records of VMs and hosts are brought up to date. 0: never.' }),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof SettingsSchema>;
export type HostSettings = Settings['clusters'][string]['hosts'][string];
