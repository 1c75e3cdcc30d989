/** Drover on a Temporal that wants TLS, client certificates and an API key; and what each refusal of one says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Drover } from '../../../client/drover.ts';
import { issue, makeAuthority, type CertificateFiles } from '../../../lab/certificates.ts';
import { daysFromNow, issueAt } from '../../lab/transports/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { startTestServer, type TestServer } from '../../support/temporal.ts';
import { Site } from './site.ts';
import { TlsFront, type TlsFrontOptions } from './tls-front.ts';

const apiKey = 'canary-api-key-4f9e';
const alternatives = ['IP:127.0.0.1', 'DNS:localhost'];
const settings = { temporal: { embedded: { port: 1, uiPort: 2 }, retentionDays: 30 } };

/** Its own: the records of other tests have VMs of the same names. */
let temporalServer: TestServer;
let folder: string;
let ours: CertificateFiles;
let theirs: CertificateFiles;
let server: CertificateFiles;
let client: CertificateFiles;
let expired: CertificateFiles;
let foreign: CertificateFiles;
beforeAll(async () => {
  temporalServer = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'drover-temporal-tls-'));
  ours = await makeAuthority(join(folder, 'ours'), 'our CA');
  theirs = await makeAuthority(join(folder, 'theirs'), 'another CA');
  server = await issue(ours, join(folder, 'server'), { name: 'temporal', alternatives });
  client = await issue(ours, join(folder, 'client'), { name: 'drover' });
  foreign = await issue(theirs, join(folder, 'foreign'), { name: 'drover' });
  const ended = { from: daysFromNow(-2), to: daysFromNow(-1) };
  expired = await issueAt(ours, join(folder, 'expired'), { name: 'drover', alternatives, ...ended });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await temporalServer.stop();
});

/** `openssl s_server` serves one connection at a time: this one leaves at once. */
async function touch(port: number): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect').finally(() => socket.destroy());
}

const given = new Set<string>();
/** What Temporal's own tools are configured by; gone after the test. */
function configure(env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    process.env[name] = value;
    given.add(name);
  }
}
afterEach(() => {
  for (const name of given) delete process.env[name];
  given.clear();
});

const trusting = (authority: CertificateFiles): Record<string, string> => ({
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.certificate,
});
const as = ({ certificate, key }: CertificateFiles): Record<string, string> => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificate,
  TEMPORAL_TLS_CLIENT_KEY_PATH: key,
});
const front = (options: Partial<TlsFrontOptions> = {}): Promise<TlsFront> =>
  TlsFront.start({ behind: temporalServer.address, certificate: server, ...options });

test('client, worker and receiver work through client certificates and an API key, and no Temporal is started', async () => {
  await using site = await Site.open();
  await using temporal = await front({ clientCa: ours.certificate, apiKey });
  configure({ TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`, TEMPORAL_API_KEY: apiKey });
  configure({ ...trusting(ours), ...as(client), DROVER_TEST_ALERT_TOKEN: 'right' });
  const { drover } = await site.up({ alerts: { tokenEnv: 'DROVER_TEST_ALERT_TOKEN' } });
  const operation = await drover.start('migrateVm', { vm: 'web1', to: 'host2' });
  expect(await operation.result()).toMatchObject({ outcome: 'moved' });
  expect(await site.alert('web1', 'right')).toMatchObject({ status: 202 });
  expect(readdirSync(join(site.folder, 'state', 'run')).toSorted()).toEqual(['alerts.json', 'worker.json']);
  expect(readdirSync(join(site.folder, 'state'))).not.toContain('temporal.db');
  // Every one of them, of each process.
  expect(new Set(temporal.tokens)).toEqual(new Set([`Bearer ${apiKey}`]));
  expect(temporal.tokens.length).toBeGreaterThan(20);
  await site.down();
  expect(site.filesWith(apiKey)).toEqual([]);
}, 120_000);

describe('what is wrong is said, with what to change', () => {
  interface Case {
    readonly front?: () => Partial<TlsFrontOptions>;
    readonly env: () => Record<string, string>;
    readonly says: RegExp;
  }
  const cases: Record<string, Case> = {
    'a CA that is not trusted': {
      env: () => trusting(theirs),
      says: /its certificate is by a CA that is not trusted here: .*TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
    },
    'a server whose certificate has expired': {
      front: () => ({ certificate: expired }),
      env: () => trusting(ours),
      says: /its certificate, or that of its CA, has expired: have it renewed/,
    },
    'a server of another name': {
      env: () => ({ ...trusting(ours), TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }),
      says: /its certificate is not for temporal\.example: .*TEMPORAL_TLS_SERVER_NAME/,
    },
    'no client certificate': {
      front: () => ({ clientCa: ours.certificate }),
      env: () => trusting(ours),
      says: /it wants a client certificate, and has got none: name one by TEMPORAL_TLS_CLIENT_CERT_PATH and/,
    },
    'a client certificate by another CA': {
      front: () => ({ clientCa: ours.certificate }),
      env: () => ({ ...trusting(ours), ...as(foreign) }),
      says: /it does not accept our client certificate/,
    },
    'a client certificate that has expired': {
      front: () => ({ clientCa: ours.certificate }),
      env: () => ({ ...trusting(ours), ...as(expired) }),
      says: /our client certificate has expired \(20.*have it renewed/,
    },
    'a key of another certificate': {
      front: () => ({ clientCa: ours.certificate }),
      env: () => ({ ...trusting(ours), ...as({ certificate: client.certificate, key: foreign.key }) }),
      says: /the key does not belong to the client certificate/,
    },
    'no TLS where the server wants it': {
      env: () => ({}),
      says: /it speaks TLS, and none is configured: set TEMPORAL_TLS=true/,
    },
    'a wrong API key': {
      front: () => ({ apiKey }),
      env: () => ({ ...trusting(ours), TEMPORAL_API_KEY: 'canary-wrong-key-77c0' }),
      says: /does not let us into the namespace default \(UNAUTHENTICATED: Request unauthorized\.\): .*TEMPORAL_API_KEY; the one that is set is not taken/,
    },
    'no API key': {
      front: () => ({ apiKey }),
      env: () => ({ ...trusting(ours), TEMPORAL_TLS: 'true' }),
      says: /UNAUTHENTICATED: Request unauthorized\.\): .*TEMPORAL_API_KEY; none is set/,
    },
  };

  test.for(Object.entries(cases))('%s', async ([, { front: options, env, says }]) => {
    await using temporal = await front(options?.());
    configure({ ...env(), TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}` });
    const error: unknown = await Drover.connect(settings, { timeoutMs: 1500 }).then(
      async (drover) => {
        await drover[Symbol.asyncDispose]();
        return undefined;
      },
      (reason: unknown) => reason,
    );
    const { message } = error as Error;
    expect(message).toMatch(says);
    expect(message).toContain(`Temporal at 127.0.0.1:${temporal.port}`);
    expect(message).not.toContain('canary');
  });

  test.for([
    ['which it does not know', () => foreign, /it does not accept our client certificate/],
    ['that has expired', () => expired, /our client certificate has expired/],
  ] as [string, () => CertificateFiles, RegExp][])(
    'a client certificate %s, where the server tells it by an alert of TLS',
    async ([, certificate, says]) => {
      const port = await freePort();
      const own = ['-cert', server.certificate, '-key', server.key, '-CAfile', ours.certificate];
      const strictly = ['-Verify', '1', '-verify_return_error', '-alpn', 'h2', '-quiet'];
      const args = ['s_server', '-accept', `127.0.0.1:${port}`, ...own, ...strictly];
      const openssl = spawn('openssl', args, { stdio: 'ignore' });
      try {
        await vi.waitFor(() => touch(port), { timeout: 10_000 });
        configure({ ...trusting(ours), ...as(certificate()), TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
        await expect(Drover.connect(settings, { timeoutMs: 1000 })).rejects.toThrow(says);
      } finally {
        openssl.kill('SIGKILL');
      }
    },
  );

  test('TLS where the server speaks none', async () => {
    configure({ TEMPORAL_ADDRESS: temporalServer.address, TEMPORAL_API_KEY: apiKey });
    await expect(Drover.connect(settings, { timeoutMs: 1500 })).rejects.toThrow(
      /it speaks no TLS, and TLS is configured: unset TEMPORAL_TLS and TEMPORAL_API_KEY/,
    );
  });

  test('nobody there', async () => {
    configure({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`, ...trusting(ours) });
    await expect(Drover.connect(settings, { timeoutMs: 1500 })).rejects.toThrow(/does not answer \(/);
  });

  test('by a worker too, which waits on', async () => {
    await using temporal = await front();
    const file = join(folder, 'drover.yaml');
    writeFileSync(
      file,
      `metrics: {worker: "127.0.0.1:${await freePort()}"}\nclusters: {c: {datacenter: d, hosts: {host1: {uri: "sim://127.0.0.1:1/host1"}}}}\n`,
    );
    configure({ TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`, ...trusting(theirs) });
    const script = fileURLToPath(new URL('../../../worker/main.ts', import.meta.url));
    const worker = spawn(process.execPath, [script, '--settings', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      for await (const line of createInterface({ input: worker.stdout })) {
        if (!line.includes('waits for Temporal')) continue;
        expect(line).toMatch(/its certificate is by a CA that is not trusted here/);
        break;
      }
      expect(worker.exitCode).toBeNull();
    } finally {
      worker.kill('SIGKILL');
    }
  });
});
