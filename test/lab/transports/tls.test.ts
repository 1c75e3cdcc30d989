/** TLS against a real libvirtd: what one side has against the other is told, and goes to its class. */
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostAddress } from '../../../activities/hosts/driver.ts';
import { HostAccessRefused, HostRefused, HostUnreachable } from '../../../activities/hosts/errors.ts';
import { libvirtDriver } from '../../../activities/hosts/libvirt-driver.ts';
import { openLibvirt, transportTo, type TlsFiles } from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { issue, makeAuthority, type CertificateFiles } from '../../../lab/certificates.ts';
import { labHosts, labVm, sharedLab } from '../../support/lab.ts';
import { runningOn } from '../../support/world.ts';
import { daysFromNow, issueAt } from './certificates.ts';
import { TlsHost } from './tls-host.ts';

const lab = sharedLab();
const [source, , host] = labHosts();
if (!host) throw new Error('these tests want a third host, on which no VM runs');
const folder = mkdtempSync(join(tmpdir(), 'drover-tls-'));
const ours: CertificateFiles = {
  certificate: join(lab.folder, 'pki/ca/certificate.pem'),
  key: join(lab.folder, 'pki/ca/key.pem'),
};
const itsNames = { name: host.name, alternatives: [`DNS:${host.name}`, `IP:${host.address}`] };
let foreign: CertificateFiles;
let real: TlsHost;

beforeAll(async () => {
  foreign = await makeAuthority(join(folder, 'foreign'), 'CA of somebody else');
  real = await TlsHost.of(lab, host);
});
afterAll(async () => {
  await real[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function open(tls: TlsFiles, uri = host?.uri ?? ''): ReturnType<ReturnType<typeof libvirtDriver>['open']> {
  const address: HostAddress = { name: 'host3', uri, peerUri: uri, migrateTo: '' };
  return libvirtDriver({ keepaliveSeconds: 8, callTimeoutMs: 60_000, tls }).open(address);
}

/** Why no session can be had, without who says so. */
async function refusal(tls: TlsFiles = host?.tls ?? source.tls, uri?: string): Promise<HostAccessRefused> {
  const error = await rejection(open(tls, uri));
  expect(error).toBeInstanceOf(HostAccessRefused);
  return error as HostAccessRefused;
}

describe('a host that shows', () => {
  test.each([
    [
      'a certificate for another name',
      () =>
        issue(ours, join(folder, 'other-name'), {
          name: 'host9',
          alternatives: ['DNS:host9', 'IP:10.9.9.9'],
        }),
      /shows a certificate \(CN=host9\) that is for DNS:host9, IP Address:10\.9\.9\.9, not for [\d.]+: call the host by/,
    ],
    [
      'an expired certificate',
      () => issueAt(ours, folder, { ...itsNames, from: daysFromNow(-3), to: daysFromNow(-1) }),
      /\(CN=host3\) that expired at \d{4}-\S+Z \(it is \d{4}-\S+Z\): renew it/,
    ],
    [
      'a certificate that is not valid yet',
      () => issueAt(ours, folder, { ...itsNames, from: daysFromNow(1), to: daysFromNow(2) }),
      /\(CN=host3\) that is valid only from \d{4}-\S+Z on \(it is \S+Z here\): compare the clocks/,
    ],
    [
      'a certificate of a foreign CA',
      () => issue(foreign, join(folder, 'foreign-host'), itsNames),
      /\(CN=host3\) that was issued by CN=CA of somebody else, not by the CA in \S+cacert\.pem \(CN=CA of lab \w+\): give/,
    ],
  ])('%s is refused, by Drover and by other hosts', async (_, made, words) => {
    await real.answerWith(await made());
    const refused = await refusal();
    expect(refused.message).toMatch(/^no access to host3 \(open qemu\+tls:\S+\): /);
    expect(refused.text).toMatch(words);
    expect(refused).toMatchObject({ code: 'TLS_HOST_CERTIFICATE', class: 'elsewhere' });

    await using session = await open(source.tls, source.uri);
    const to = { name: 'host3', uri: host.uri, peerUri: host.uri, migrateTo: host.address };
    const move = await rejection(session.migrate(labVm().uuid, { to }));
    expect(move).toBeInstanceOf(HostRefused);
    expect((move as HostRefused).text).toBe("authentication failed: Failed to verify peer's certificate");
    expect(move).toMatchObject({ class: 'elsewhere', rule: 'the hosts do not accept each other' });
    expect(await runningOn([source], labVm().uuid)).toEqual([source.name]);
  });
});

test('whoever stands in the place of a host is told nothing', async () => {
  const { certificate, key } = await issue(foreign, join(folder, 'impostor'), { name: 'impostor' });
  const heard: Buffer[] = [];
  const impostor = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (caller) => {
    caller.on('data', (data: Buffer) => void heard.push(data)).on('error', () => undefined);
    caller.write(Buffer.of(1));
  }).on('tlsClientError', () => undefined);
  impostor.listen(0, '127.0.0.1');
  const connected = once(impostor, 'connection') as Promise<[Socket]>;
  await once(impostor, 'listening');
  const { port } = impostor.address() as AddressInfo;
  const refused = await refusal(host.tls, `qemu+tls://127.0.0.1:${port}/system`);
  expect(refused).toMatchObject({ code: 'TLS_HOST_CERTIFICATE' });
  const [connection] = await connected;
  if (!connection.closed) await once(connection, 'close');
  expect(Buffer.concat(heard)).toHaveLength(0);
  impostor.close();
});

describe('Drover shows', () => {
  beforeAll(async () => real.answerWith(await issue(ours, join(folder, 'well'), itsNames)));

  /** Files of our own, of which a test spoils one. */
  function own({ certificate, key }: CertificateFiles): TlsFiles {
    const at = mkdtempSync(join(folder, 'own-'));
    const files = { ca: join(at, 'ca.pem'), cert: join(at, 'cert.pem'), key: join(at, 'key.pem') };
    copyFileSync(ours.certificate, files.ca);
    copyFileSync(certificate, files.cert);
    copyFileSync(key, files.key);
    return files;
  }
  const drover = (): TlsFiles => own({ certificate: source.tls.cert, key: source.tls.key });

  test('what the host admits', async () => {
    await using session = await open(drover());
    expect((await session.report()).vms).toEqual([]);
  });

  test.each([
    [
      'one whose name is not on the list',
      () => issue(ours, join(folder, 'stranger'), { name: 'stranger' }),
      'CN=stranger, issued by CN=CA of lab',
    ],
    [
      'one of a foreign CA',
      () => issue(foreign, join(folder, 'foreign-drover'), { name: 'drover' }),
      'CN=drover, issued by CN=CA of somebody else',
    ],
  ])('%s: the host does not admit it', async (_, made, who) => {
    const refused = await refusal(own(await made()));
    expect(refused.text).toContain(`:16514 does not admit our certificate (${who}`);
    expect(refused.text).toContain('tls_allowed_dn_list (libvirtd.conf)');
    expect(refused).toMatchObject({ code: 'TLS_NOT_ADMITTED', class: 'elsewhere' });
  });

  test.each([
    [
      'that has expired',
      { from: daysFromNow(-3), to: daysFromNow(-1) },
      /our certificate \S+cert\.pem \(CN=drover\) expired at \S+ \(it is \S+\): renew it/,
    ],
    [
      'that is not valid yet',
      { from: daysFromNow(1), to: daysFromNow(2) },
      /our certificate \S+cert\.pem \(CN=drover\) is valid only from \S+ on/,
    ],
  ])('one %s: told without a call to the host', async (_, when, words) => {
    const refused = await refusal(own(await issueAt(ours, folder, { name: 'drover', ...when })));
    expect(refused.text).toMatch(words);
    expect(refused).toMatchObject({ code: 'TLS_OWN_CERTIFICATE', class: 'never' });
  });

  test.each<[string, (files: TlsFiles) => void, RegExp]>([
    [
      'no CA',
      ({ ca }) => rmSync(ca),
      /^the CA's certificate \S+ca\.pem can't be read: there is no such file\. Put it there, or name another \(tls\.ca\)$/,
    ],
    [
      'no certificate',
      ({ cert }) => rmSync(cert),
      /^our certificate \S+cert\.pem can't be read: there is no such file\. .* \(tls\.cert\)$/,
    ],
    [
      'no key',
      ({ key }) => rmSync(key),
      /^our certificate's key \S+key\.pem can't be read: there is no such file\. .* \(tls\.key\)$/,
    ],
    [
      'a key that everybody can read',
      ({ key }) => chmodSync(key, 0o644),
      /^the key \S+key\.pem is readable by everybody here \(mode 0644, 0640 at most\): chmod o= \S+key\.pem$/,
    ],
    [
      'the key of another certificate',
      ({ key }) => copyFileSync(ours.key, key),
      /is not that of our certificate/,
    ],
    [
      'a text in place of a certificate',
      ({ cert }) => writeFileSync(cert, 'nonsense'),
      /^our certificate \S+ is no certificate in PEM form$/,
    ],
    [
      'a folder in place of a CA',
      ({ ca }) => {
        rmSync(ca);
        mkdirSync(ca);
      },
      /^the CA's certificate \S+ can't be read: EISDIR/,
    ],
  ])('%s: the file is named, and what to do', async (_, spoil, words) => {
    const files = drover();
    spoil(files);
    const refused = await refusal(files);
    expect(refused.text).toMatch(words);
    expect(refused).toMatchObject({ code: 'TLS_OWN_CERTIFICATE', class: 'never' });
  });

  test('its own, and trusts two CAs while one takes the place of the other', async () => {
    const files = drover();
    const old = await issueAt(ours, folder, { name: 'old CA', from: daysFromNow(-3), to: daysFromNow(-1) });
    writeFileSync(
      files.ca,
      [old, foreign, ours].map((one) => readFileSync(one.certificate, 'utf8')).join(''),
    );
    await using session = await open(files);
    expect((await session.report()).vms).toEqual([]);
    writeFileSync(files.ca, readFileSync(old.certificate));
    expect((await refusal(files)).text).toMatch(/^the CA's certificate \S+ca\.pem \(CN=old CA\) expired at /);
  });

  test('a renewed certificate, which counts from the next connection on', async () => {
    const files = own(
      await issueAt(ours, folder, { name: 'drover', from: daysFromNow(-3), to: daysFromNow(-1) }),
    );
    const transport = transportTo(host.uri, { tls: files });
    expect(await rejection(openLibvirt(transport))).toMatchObject({ reason: 'TLS_OWN_CERTIFICATE' });
    const renewed = await issueAt(ours, folder, { name: 'drover' });
    copyFileSync(renewed.certificate, files.cert);
    copyFileSync(renewed.key, files.key);
    await using client = await openLibvirt(transport);
    expect(await client.hostname()).toBe(host.name);
  });
});

describe('the wrong port', () => {
  test('TLS to one without', async () => {
    const refused = await refusal(host.tls, `qemu+tls://${host.address}:16509/system`);
    expect(refused.text).toContain(
      ':16509 closed the connection in the TLS handshake, twice: is the port that of TLS',
    );
    expect(refused).toMatchObject({ code: 'TLS_NOT_SPOKEN', class: 'elsewhere' });
  });

  test('no TLS to one with', async () => {
    const error = await rejection(open(host.tls, `qemu+tcp://${host.address}:16514/system`));
    expect(error).toBeInstanceOf(HostUnreachable);
    expect((error as Error).message).toContain('is this a TLS port? Then its URI begins with qemu+tls://');
  });

  test('TLS to another service', async () => {
    const refused = await refusal(host.tls, `qemu+tls://${new URL(lab.prometheusUrl).host}/system`);
    expect(refused.text).toContain('answered, but not in TLS');
  });

  test('one where nobody listens is no refusal', async () => {
    const error = await rejection(open(host.tls, `qemu+tls://${host.address}:1/system`));
    expect(error).toBeInstanceOf(HostUnreachable);
    expect(error).toMatchObject({ class: 'look' });
  });
});
