/**
 * The BMC of one host: as much of Redfish (DMTF DSP0266) as fence agents use, over HTTPS with basic authentication.
 *
 *     node lab/bmc-server.ts BUILT_CONFIG HOST
 */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { z } from 'zod';
import { bmcUser, certificateFiles, systemPath } from './bmc.ts';
import type { LabConfig } from './config.ts';
import { contextOf } from './context.ts';
import { messageOf } from './errors.ts';
import { powerOf, powerOff, powerOn } from './host.ts';

const [configFile = '', hostName = ''] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configFile, 'utf8')) as LabConfig;
const context = contextOf(config);
const host = config.hosts.find(({ name }) => name === hostName);
if (!host) throw new Error(`no host ${hostName} in ${configFile}`);

const resetPath = `${systemPath}/Actions/ComputerSystem.Reset`;

/** What each reset type does. A guest OS that could shut down gracefully isn't there: the graceful ones are forced. */
const resets = {
  On: () => powerOn(context, host),
  ForceOn: () => powerOn(context, host),
  ForceOff: () => powerOff(context, host),
  GracefulShutdown: () => powerOff(context, host),
  ForceRestart: () => restart(),
  GracefulRestart: () => restart(),
  PowerCycle: () => restart(),
} satisfies Record<string, () => Promise<void>>;

async function restart(): Promise<void> {
  await powerOff(context, host as NonNullable<typeof host>);
  await powerOn(context, host as NonNullable<typeof host>);
}

const resetSchema = z.looseObject({ ResetType: z.enum(Object.keys(resets) as (keyof typeof resets)[]) });

const expectedAuthorization = Buffer.from(
  `Basic ${Buffer.from(`${bmcUser}:${readFileSync(context.paths.bmcPassword, 'utf8')}`).toString('base64')}`,
);

function isAuthorized(request: IncomingMessage): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  return given.length === expectedAuthorization.length && timingSafeEqual(given, expectedAuthorization);
}

function resourceAt(path: string): unknown {
  switch (path) {
    case '/redfish':
      return { v1: '/redfish/v1/' };
    case '/redfish/v1':
      return {
        '@odata.id': '/redfish/v1/',
        '@odata.type': '#ServiceRoot.v1_5_0.ServiceRoot',
        Id: 'RootService',
        Name: `BMC of ${hostName}`,
        RedfishVersion: '1.6.0',
        Systems: { '@odata.id': '/redfish/v1/Systems' },
      };
    case '/redfish/v1/Systems':
      return {
        '@odata.id': '/redfish/v1/Systems',
        '@odata.type': '#ComputerSystemCollection.ComputerSystemCollection',
        Name: 'Systems',
        'Members@odata.count': 1,
        Members: [{ '@odata.id': systemPath }],
      };
    case systemPath:
      return {
        '@odata.id': systemPath,
        '@odata.type': '#ComputerSystem.v1_10_0.ComputerSystem',
        Id: '1',
        Name: hostName,
        HostName: hostName,
        PowerState: powerOf(context, hostName) === 'on' ? 'On' : 'Off',
        Actions: {
          '#ComputerSystem.Reset': {
            target: resetPath,
            'ResetType@Redfish.AllowableValues': Object.keys(resets),
          },
        },
      };
    default:
      return undefined;
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').replace(/\?.*$/, '').replace(/\/+$/, '');
  const isRoot = path === '/redfish' || path === '/redfish/v1';
  if (!isRoot && !isAuthorized(request)) {
    response.setHeader('WWW-Authenticate', 'Basic realm="BMC"');
    answer(response, 401, redfishError('InsufficientPrivilege', 'user or password wrong'));
  } else if (request.method === 'POST' && path === resetPath) {
    const body = resetSchema.safeParse(parseJson(await bodyOf(request)));
    if (!body.success) {
      const allowed = Object.keys(resets).join(', ');
      answer(
        response,
        400,
        redfishError('ActionParameterNotSupported', `ResetType must be one of ${allowed}`),
      );
      return;
    }
    console.log(`${new Date().toISOString()} ${hostName}: ${body.data.ResetType}`);
    await resets[body.data.ResetType]();
    response.writeHead(204).end();
  } else {
    const resource = request.method === 'GET' ? resourceAt(path) : undefined;
    if (resource === undefined)
      answer(response, 404, redfishError('ResourceMissingAtURI', `nothing at ${path}`));
    else answer(response, 200, resource);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 65_536) throw new Error('body too large');
  }
  return body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function redfishError(code: string, message: string): unknown {
  return { error: { code: `Base.1.0.${code}`, message } };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'OData-Version': '4.0' });
  response.end(JSON.stringify(body));
}

const { key, certificate } = certificateFiles(context.paths.bmc);
const server = createServer(
  { key: readFileSync(key), cert: readFileSync(certificate) },
  (request, response) => {
    handle(request, response).catch((error: unknown) => {
      console.error(`${new Date().toISOString()} ${request.method} ${request.url}: ${messageOf(error)}`);
      if (!response.headersSent) answer(response, 500, redfishError('InternalError', messageOf(error)));
    });
  },
);
server.listen(host.bmcPort, '127.0.0.1');
