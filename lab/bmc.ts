/** The BMCs: for each host one HTTPS server on loopback, out of reach of every fault in the lab's network. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { execa } from 'execa';
import type { HostConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { end, launch, runningPid, waitForProcess } from './processes.ts';

const serverProgram = join(import.meta.dirname, 'bmc-server.ts');

export const bmcUser = 'drover';
/** Where Redfish keeps the one system of each BMC. */
export const systemPath = '/redfish/v1/Systems/1';

const role = (host: string) => `bmc-${host}`;

/** Makes the password and the certificate, once in the life of a lab. */
export async function makeBmcSecrets({ paths }: LabContext): Promise<void> {
  writeSecretOnce(paths.bmcPassword);
  mkdirSync(paths.bmc, { recursive: true });
  const { key, certificate } = certificateFiles(paths.bmc);
  if (existsSync(key) && existsSync(certificate)) return;
  await execa('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=lab BMC',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-days',
    '3650',
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  chmodSync(key, 0o600);
}

/** A random secret in a file that only root reads; one that is there stays. */
export function writeSecretOnce(file: string): void {
  if (existsSync(file)) return;
  writeFileSync(`${file}.new`, randomBytes(16).toString('hex'), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export const certificateFiles = (folder: string) => ({
  key: join(folder, 'key.pem'),
  certificate: join(folder, 'certificate.pem'),
});

export function bmcIsRunning({ paths }: LabContext, host: string): boolean {
  return runningPid(paths, role(host)) !== undefined;
}

export async function ensureBmc(context: LabContext, host: HostConfig): Promise<void> {
  const { paths } = context;
  if (bmcIsRunning(context, host.name) && (await answers(context, host))) return;
  await end(paths, role(host.name));
  await launch(paths, {
    role: role(host.name),
    command: process.execPath,
    args: [serverProgram, paths.builtConfig, host.name],
  });
  await waitForProcess(paths, role(host.name), 20, async () =>
    (await answers(context, host)) ? { value: true } : { seen: 'no answer' },
  );
}

async function answers({ paths }: LabContext, host: HostConfig): Promise<boolean> {
  const ca = readFileSync(certificateFiles(paths.bmc).certificate);
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: host.bmcPort, path: '/redfish/v1/', ca, timeout: 2_000 };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .on('timeout', () => resolve(false))
      .end();
  });
}
