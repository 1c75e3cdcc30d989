import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings, readSettings, SettingsError } from './read.ts';

const good = `clusters:
  berlin:
    datacenter: berlin
    hosts:
      host1:
        uri: qemu+tcp://10.77.0.11/system
      host2:
        uri: qemu+tcp://10.77.0.12/system
`;

/** What a user reads for these settings. */
function messageOf(text: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    parseSettings(text, 'drover.yaml', { needsSecrets: true, env });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
  throw new Error(`these settings were taken:\n${text}`);
}

/** Settings with one host of this name and URI, quoted so that YAML takes any text. */
function withHost(name: string, uri = 'qemu+tcp://10.77.0.11/system'): string {
  return `clusters: {berlin: {datacenter: berlin, hosts: {${JSON.stringify(name)}: {uri: ${JSON.stringify(uri)}}}}}`;
}

/** Settings with this entry under `vms`. */
function withVm(name: string): string {
  return `${good}vms: {${JSON.stringify(name)}: {}}`;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('good settings', () => {
  test('get every default', () => {
    expect(parseSettings(good, 'drover.yaml')).toEqual({
      clusters: {
        berlin: {
          datacenter: 'berlin',
          sharedPaths: [],
          availability: { hostFailuresToTolerate: 1, admission: 'warn' },
          hosts: {
            host1: { uri: 'qemu+tcp://10.77.0.11/system', failureDomains: {} },
            host2: { uri: 'qemu+tcp://10.77.0.12/system', failureDomains: {} },
          },
        },
      },
      vms: {},
      temporal: { embedded: { port: 7233, uiPort: 8233 }, retentionDays: 30 },
      tls: {
        ca: '/etc/pki/CA/cacert.pem',
        cert: '/etc/pki/libvirt/clientcert.pem',
        key: '/etc/pki/libvirt/private/clientkey.pem',
      },
      rules: {},
      ssh: {},
      metrics: { worker: '127.0.0.1:9464' },
      keepaliveSeconds: 30,
      survey: { everyMinutes: 5 },
      migrations: {
        perHostIn: 2,
        perHostOut: 2,
        maxDowntimeMs: 800,
        noProgressSeconds: 150,
        noProgressAtLongestSeconds: 60,
        diskCheckSeconds: 30,
      },
      starved: { hostBusyRatio: 0.9, vmShareOfHost: 0.25, forSeconds: 60, windowSeconds: 60 },
    });
  });

  test('keep a secret as a reference, never as its value', () => {
    const read = parseSettings(`${good}alerts: {tokenEnv: DROVER_TOKEN}`, 'drover.yaml', {
      needsSecrets: true,
      env: { DROVER_TOKEN: 'do-not-keep' },
    });
    expect(read.alerts).toEqual({ listen: '127.0.0.1:9199', tokenEnv: 'DROVER_TOKEN', routes: [] });
    expect(JSON.stringify(read)).not.toContain('do-not-keep');
  });

  test.each([
    'qemu+tcp://host1.example/system',
    'qemu+tls://host1.example/system',
    'qemu+tls://[fd00::11]:16514/system',
    'qemu+ssh://host1.example/system',
    'qemu+ssh://drover@10.77.0.11:22/system',
    'qemu+tcp://[fd00::11]:16509/system',
    'qemu+unix:///run/libvirt/libvirt-sock',
  ])('may reach a host by %s', (uri) => {
    expect(parseSettings(withHost('host1', uri), 'drover.yaml').clusters['berlin']?.hosts['host1']?.uri).toBe(
      uri,
    );
  });
});

describe('a file', () => {
  test('that does not exist is named, with what to do', () => {
    const file = join(folder, 'none.yaml');
    expect(() => readSettings(file)).toThrow(
      `${file}: can't be read (ENOENT): write it, or name another with --settings FILE`,
    );
    expect(() => readSettings(folder)).toThrow(`${folder}: is a folder: name a file with --settings FILE`);
  });

  test('that is empty lacks clusters', () => {
    expect(messageOf('')).toBe('drover.yaml: clusters is missing');
  });

  test.each([
    ['a list', '- host1\n'],
    ['a word', 'host1\n'],
    ['a number', '7\n'],
  ])('that is %s is refused', (_, text) => {
    expect(messageOf(text)).toMatch(/^drover\.yaml: must be a map of (keys|names) to values, not /);
  });

  test('with several mistakes has each of them told, with its place', () => {
    const lines = messageOf(`keepaliveSecond: 3\nclusters:\n  berlin:\n    hosts: {host1: {}}\n`).split('\n');
    expect(lines.toSorted()).toEqual([
      'drover.yaml:1:1: keepaliveSecond is no key that Drover knows here: did you mean keepaliveSeconds?',
      'drover.yaml:3:3: clusters.berlin.datacenter is missing',
      'drover.yaml:4:13: clusters.berlin.hosts.host1.uri is missing',
    ]);
  });
});

describe('YAML', () => {
  test.each([
    ['a bracket that is not closed', 'clusters: {berlin: [\n', /^drover\.yaml:\d+:\d+: .*\]/],
    ['a tab for an indent', 'clusters:\n\tberlin: {}\n', /^drover\.yaml:2:\d+: .*[Tt]ab/],
    ['a key twice', `${good}clusters: {}\n`, /^drover\.yaml:9:1: names the key clusters twice$/],
    [
      'a host twice',
      `${good}      host1: {uri: qemu+tcp://10.77.0.13/system}\n`,
      /^drover\.yaml:9:7: names the key host1 twice$/,
    ],
  ])('with %s is told with line and column', (_, text, expected) => {
    expect(messageOf(text)).toMatch(expected);
  });

  test('names each place once', () => {
    expect(messageOf('clusters: {berlin: [\n')).not.toMatch(/at line \d+/);
  });

  test('with aliases that multiply is refused', () => {
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(10)}]`),
    ].join('\n');
    expect(messageOf(bomb)).toBe(
      "drover.yaml: can't be read: Excessive alias count indicates a resource exhaustion attack",
    );
  });
});

describe('an unknown key', () => {
  test.each([
    [
      'at the top',
      `${good}keepalive: 3\n`,
      'drover.yaml:9:1: keepalive is no key that Drover knows here: did you mean keepaliveSeconds?',
    ],
    [
      'of a host',
      `${good}        user: root\n`,
      'drover.yaml:9:9: clusters.berlin.hosts.host2.user is no key that Drover knows here: allowed are uri, peerUri, migrateTo, cpus, memoryMiB, failureDomains, fence',
    ],
    [
      'of the embedded server',
      `${good}temporal:\n  embedded:\n    prot: 7233\n`,
      'drover.yaml:11:5: temporal.embedded.prot is no key that Drover knows here: did you mean port?',
    ],
  ])('%s is named with its place', (_, text, expected) => {
    expect(messageOf(text)).toBe(expected);
  });
});

describe('a value of the wrong kind is told with what is allowed', () => {
  test.each([
    ['keepaliveSeconds: soon', 'keepaliveSeconds must be a number, not "soon"'],
    ['keepaliveSeconds: 0', 'keepaliveSeconds 0 must be at least 1'],
    ['migrations: {perHostIn: 0}', 'migrations.perHostIn 0 must be at least 1'],
    ['migrations: {perHostOut: 65}', 'migrations.perHostOut 65 must be at most 64'],
    ['starved: {hostBusyRatio: 0}', 'starved.hostBusyRatio 0 must be above 0'],
    ['survey: {everyMinutes: 1441}', 'survey.everyMinutes 1441 must be at most 1440'],
    ['keepaliveSeconds: 2.5', 'keepaliveSeconds must be a whole number, not 2.5'],
    ['starved: {hostBusyRatio: 90}', 'starved.hostBusyRatio 90 must be at most 1'],
    ['temporal: {embedded: {port: 70000}}', 'temporal.embedded.port 70000 must be at most 65535'],
    ['stateDir: state', 'stateDir "state" must be an absolute path'],
    ['metrics: {worker: 9464}', 'metrics.worker must be a text, not 9464'],
    ['metrics: {worker: localhost}', 'metrics.worker "localhost" must be host:port, such as 127.0.0.1:9199'],
    [
      'prometheusUrl: file:///etc/passwd',
      'prometheusUrl "file:///etc/passwd" must be http://HOST:PORT or https://HOST',
    ],
    [
      'temporal: {uiUrl: "javascript:alert(1)"}',
      'temporal.uiUrl "javascript:alert(1)" must be http://HOST:PORT or https://HOST, where the Temporal UI is',
    ],
    [
      'temporal: {uiUrl: "https://temporal.example/?a=b"}',
      'temporal.uiUrl "https://temporal.example/?a=b" must end before any ? or #: it is where the Temporal UI begins',
    ],
    ['vms: [web1]', 'vms must be a map of names to values, not ["web1"]'],
    ['vms: {web1: {avoid: host1}}', 'vms.web1.avoid must be a list, not "host1"'],
  ])('%s', (line, expected) => {
    const message = messageOf(`${good}${line}\n`);
    expect(message).toMatch(/^drover\.yaml:9:\d+: /);
    expect(message).toContain(expected);
  });

  test('hosts as a list say how they are written', () => {
    expect(messageOf('clusters: {berlin: {datacenter: berlin, hosts: [host1, host2]}}')).toContain(
      'clusters.berlin.hosts',
    );
  });

  test('no cluster, and a cluster without hosts', () => {
    expect(messageOf('clusters: {}')).toContain('clusters {} names no cluster');
    expect(messageOf('clusters: {berlin: {datacenter: berlin, hosts: {}}}')).toContain(
      'clusters.berlin.hosts {} names no host',
    );
  });

  test('a long value is cut short', () => {
    expect(messageOf(`${good}keepaliveSeconds: "${'9'.repeat(5000)}"\n`).length).toBeLessThan(200);
  });
});

describe('a name that stands for two things', () => {
  test('one host in two clusters', () => {
    const text = `${good}  hamburg:\n    datacenter: hamburg\n    hosts:\n      host1: {uri: qemu+tcp://10.77.1.11/system}\n`;
    expect(messageOf(text)).toBe(
      "drover.yaml:12:7: clusters.hamburg.hosts.host1 is a host of cluster berlin too: a host's name is unique",
    );
  });

  test('two hosts with one address', () => {
    expect(messageOf(`${good}      host3:\n        uri: qemu+tcp://10.77.0.11/system\n`)).toBe(
      'drover.yaml:10:9: clusters.berlin.hosts.host3.uri is the address of host1 too',
    );
  });

  test('a host to avoid that does not exist', () => {
    expect(messageOf(`${good}vms:\n  web1:\n    avoid: [host9]\n`)).toMatch(
      /^drover\.yaml:11:\d+: vms\.web1\.avoid\.0 names host9, which is no host \(hosts: host1, host2\)$/,
    );
  });

  test('a VM kept apart from itself', () => {
    expect(messageOf(`${good}vms: {web1: {apartFrom: [web1]}}\n`)).toContain(
      'vms.web1.apartFrom.0 is the VM itself',
    );
  });
});

describe('a host’s address', () => {
  test('is needed', () => {
    expect(messageOf('clusters: {berlin: {datacenter: berlin, hosts: {host1: {cpus: 2}}}}')).toBe(
      'drover.yaml:1:49: clusters.berlin.hosts.host1.uri is missing',
    );
  });

  test.each([
    'qemu+tcp://10.77.0.11/system?command=/tmp/evil',
    'qemu+tcp://10.77.0.11/system?no_verify=1',
    'qemu+tcp://10.77.0.11/system#here',
    'qemu+tcp://root@10.77.0.11/system',
    'qemu+ext://10.77.0.11/system',
    'qemu+ext://10.77.0.11/system?command=/tmp/evil',
    'qemu+tls://10.77.0.11/system?no_verify=1',
    'qemu+tls://10.77.0.11/system?pkipath=/tmp/evil',
    'qemu+tls://root@10.77.0.11/system',
    'qemu+tls://10.77.0.11/session',
    'qemu+ssh://10.77.0.11/system?command=/tmp/evil',
    'qemu+ssh://10.77.0.11/system?keyfile=/tmp/evil&no_verify=1',
    'qemu+ssh://-oProxyCommand=x@10.77.0.11/system',
    'qemu+ssh://root:secret@10.77.0.11/system',
    'qemu+ssh://-oProxyCommand=x/system',
    'qemu+ssh://10.77.0.11/session',
    'qemu+libssh2://10.77.0.11/system',
    'qemu+tcp://10.77.0.11/session',
    'qemu+tcp://-oProxyCommand=x/system',
    'qemu+tcp://10.77.0.11/system\n',
    'qemu+unix:///run/libvirt/sock?command=x',
    'qemu+unix:///run/a b',
    'qemu:///system',
    'host1',
    '',
  ])('may not be %j', (uri) => {
    const message = messageOf(withHost('host1', uri));
    expect(message).toMatch(/^drover\.yaml:1:\d+: clusters\.berlin\.hosts\.host1\.uri /);
    expect(message).toContain(JSON.stringify(uri).slice(0, 50));
    expect(message).toContain(
      'must be qemu+tls://HOST[:PORT]/system, qemu+ssh://[USER@]HOST[:PORT]/system, qemu+tcp://HOST[:PORT]/system, ',
    );
  });

  test('is checked for other hosts’ use as well', () => {
    const text = `${good}        peerUri: qemu+tcp://10.77.0.12/system?command=x\n        migrateTo: -x\n`;
    expect(messageOf(text)).toContain('hosts.host2.peerUri "qemu+tcp://10.77.0.12/system?command=x" must be');
    expect(messageOf(text)).toContain('hosts.host2.migrateTo "-x" must be an address or a host name');
  });
});

const hostileNames: readonly (readonly [string, string])[] = [
  ['spaces', 'web 1'],
  ['nothing', ''],
  ['a leading dash', '-web1'],
  ['two leading dashes', '--all'],
  ['a single quote', "web'1"],
  ['a double quote', 'web"1'],
  ['XML', '<name>web1</name>'],
  ['a newline', 'web1\nweb2'],
  ['a newline at its end', 'web1\n'],
  ['a control character', 'web\u001b[31m1'],
  ['a shell’s words', '$(reboot)'],
  ['a path', '../web1'],
  ['300 characters', 'w'.repeat(300)],
  ['another script', 'веб1'],
  ['letters that look the same', 'wеb1'],
  ['an emoji', '🐂'],
];

describe('a name', () => {
  test.each(hostileNames)('with %s is refused for a host', (_, name) => {
    const message = messageOf(withHost(name));
    expect(message).toMatch(/^drover\.yaml:1:\d+: clusters\.berlin\.hosts/);
    expect(message).toContain(
      'is no valid name: use 1 to 63 letters (a-z), digits, dots, dashes or underscores',
    );
    expect(message).toContain(`.${JSON.stringify(name).slice(0, 50)}`);
    expect(message.length).toBeLessThan(300);
  });

  test.each(hostileNames)('with %s is refused for a VM', (_, name) => {
    const message = messageOf(withVm(name));
    expect(message).toMatch(/^drover\.yaml:9:\d+: vms/);
    expect(message).toContain('is no valid name');
    expect(message).toContain(`.${JSON.stringify(name).slice(0, 50)}`);
    expect(message.length).toBeLessThan(300);
  });

  test.each(hostileNames)('with %s leaves one line, without control characters', (_, name) => {
    // oxlint-disable-next-line no-control-regex
    expect(messageOf(withHost(name))).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  test('of a VM may not be all digits, nor a UUID', () => {
    expect(messageOf(withVm('13'))).toContain('is all digits, which libvirt reads as an id');
    expect(messageOf(withVm('9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa'))).toContain(
      'has the form of a UUID: give the name of the VM',
    );
  });
});

describe('a secret that is named', () => {
  const fence = (secret: string): string =>
    `${good}        fence: {agent: fence_redfish, secrets: {password: ${secret}}}\n`;

  test('and not set in the environment', () => {
    expect(messageOf(fence('BMC_PASSWORD'))).toMatch(
      /^drover\.yaml:9:\d+: clusters\.berlin\.hosts\.host2\.fence\.secrets\.password names the environment variable BMC_PASSWORD, which is not set: set it, or leave that key out$/,
    );
    expect(messageOf(fence('BMC_PASSWORD'), { BMC_PASSWORD: '' })).toContain('which is not set');
    expect(
      parseSettings(fence('BMC_PASSWORD'), 'drover.yaml', { needsSecrets: true, env: { BMC_PASSWORD: 'x' } }),
    ).toBeDefined();
  });

  test.each(['hunter2', '12345', '[hunter2]'])(
    'and stands there itself, as %s, is not repeated',
    (secret) => {
      const message = messageOf(fence(secret));
      expect(message).toContain('must be the name of an environment variable (or {file: PATH})');
      expect(message).not.toMatch(/hunter2|12345/);
    },
  );

  test('in a file that is missing or empty', () => {
    const file = join(folder, 'token');
    const text = `${good}alerts: {tokenFile: ${file}}\n`;
    expect(messageOf(text)).toMatch(
      /^drover\.yaml:9:\d+: alerts\.tokenFile names the file \S+, which can't be read \(ENOENT\)$/,
    );
    writeFileSync(file, '\nsecond line\n', { mode: 0o600 });
    expect(messageOf(text)).toContain(`names the file ${file}, whose first line is empty`);
    writeFileSync(file, 'abc\n');
    expect(parseSettings(text, 'drover.yaml', { needsSecrets: true }).alerts?.tokenFile).toBe(file);
  });

  test('is no matter to whoever does not use it', () => {
    const text = `${fence('BMC_PASSWORD')}alerts: {tokenEnv: DROVER_TOKEN}\n`;
    expect(parseSettings(text, 'drover.yaml', { env: {} }).alerts?.tokenEnv).toBe('DROVER_TOKEN');
    expect(messageOf(text)).toContain('alerts.tokenEnv names the environment variable DROVER_TOKEN');
  });

  describe('as a key of the codec', () => {
    const withCodec = (codec: string): string => `${good}temporal: {codec: ${codec}}\n`;
    const key = Buffer.alloc(32, 7).toString('base64');

    test('is read and measured', () => {
      const text = withCodec('{keys: {k1: CODEC_KEY}, current: k1, endpoint: {token: CODEC_TOKEN}}');
      const env = { CODEC_KEY: key, CODEC_TOKEN: 't' };
      const { codec } = parseSettings(text, 'drover.yaml', { needsSecrets: true, env }).temporal;
      expect(codec).toMatchObject({ current: 'k1', endpoint: { listen: '127.0.0.1:8234', origins: [] } });
      expect(messageOf(text, {})).toMatch(
        /temporal\.codec\.keys\.k1 names the environment variable CODEC_KEY, which is not set: [^\n]*\n.*temporal\.codec\.endpoint\.token names/,
      );
      expect(messageOf(text, { ...env, CODEC_KEY: 'c2hvcnQ=' })).toContain(
        'temporal.codec.keys.k1 names CODEC_KEY, which holds 5 bytes; a key is 32 bytes, as base64 or hex',
      );
    });

    test('and stands there itself, is not repeated', () => {
      const messages = [
        messageOf(withCodec(`{keys: {k1: "${key}"}}`)),
        messageOf(withCodec(`{keys: {k1: CODEC_KEY}, endpoint: {token: "${key}"}}`)),
      ];
      for (const message of messages) {
        expect(message).toContain('must be the name of an environment variable (or {file: PATH})');
        expect(message).not.toContain(key.slice(0, 20));
      }
    });

    test('that encrypts is one of them', () => {
      expect(messageOf(withCodec('{keys: {k1: CODEC_KEY}, current: k2}'))).toMatch(
        /^drover\.yaml:9:\d+: temporal\.codec\.current names k2, which is no key \(keys: k1\)$/m,
      );
      expect(messageOf(withCodec('{keys: {}}'))).toContain('names no key');
      expect(messageOf(withCodec('{keys: {k1: CODEC_KEY}, endpoint: {token: T, origins: ["*"]}}'))).toContain(
        'must be http://HOST:PORT or https://HOST, without a path',
      );
    });
  });

  test('is checked for those alone who need it', () => {
    const text = `${fence('BMC_PASSWORD')}alerts: {tokenEnv: DROVER_TOKEN}\ntemporal: {codec: {keys: {k1: CODEC_KEY}}}\n`;
    const missing = (needsSecrets: ('alerts' | 'codec' | 'fence')[]): string[] => {
      try {
        parseSettings(text, 'drover.yaml', { needsSecrets, env: {} });
        return [];
      } catch (error) {
        return (error as SettingsError).problems.map(({ path }) => path);
      }
    };
    expect(missing([])).toEqual([]);
    expect(missing(['alerts', 'codec'])).toEqual(['temporal.codec.keys.k1', 'alerts.tokenEnv']);
    expect(missing(['fence'])).toEqual(['clusters.berlin.hosts.host2.fence.secrets.password']);
  });

  test('alerts need exactly one token', () => {
    expect(messageOf(`${good}alerts: {}\n`)).toContain(
      'needs tokenFile or tokenEnv: without a token anyone could start moves',
    );
    expect(messageOf(`${good}alerts: {tokenEnv: A, tokenFile: /b}\n`)).toContain(
      'give tokenFile or tokenEnv, not both',
    );
  });
});
