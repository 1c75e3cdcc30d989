/**
 * The codec endpoint: `POST /decode` and `/encode` for the Temporal UI and CLI, which by themselves show what is encrypted
 * as it is stored. The protocol is Temporal's: https://docs.temporal.io/codec-server
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { plainIssue } from '../../model/plain-issue.ts';

export interface EndpointOptions {
  readonly codec: PayloadCodec;
  /** Read anew for each request, so that it can be replaced while this runs. */
  readonly token: () => string;
  /** Pages that may ask: `http://127.0.0.1:8233`. */
  readonly origins: readonly string[];
}

/** Temporal holds no payload above 2 MB, and asks for those of one event at a time. A larger body is refused with 413. */
export const maxBodyBytes = 16 * 1024 * 1024;

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*=*$/, 'must be base64');

/** As protobuf writes payloads as JSON: bytes as base64. */
const Body = z.object({
  payloads: z.array(
    z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default('') }),
  ),
});
type WirePayload = z.infer<typeof Body>['payloads'][number];

/**
 * The token comes as `Authorization: Bearer TOKEN`, or as the first part of the path: the UI has no field for a header,
 * and is given `http://127.0.0.1:8234/TOKEN` as its endpoint.
 */
export function createEndpoint({ codec, token, origins }: EndpointOptions): Hono {
  const app = new Hono();
  const work = { decode: codec.decode.bind(codec), encode: codec.encode.bind(codec) };
  app.get('/healthz', (context) => context.text('ok\n'));
  app.use(
    cors({
      origin: [...origins],
      allowMethods: ['POST'],
      allowHeaders: ['authorization', 'content-type', 'x-namespace'],
      credentials: true,
    }),
  );
  const limit = bodyLimit({
    maxSize: maxBodyBytes,
    onError: (context) => refuse(context, 413, `the body is larger than ${maxBodyBytes} bytes`),
  });
  app.post('/:first/:second?', limit, async (context) => {
    const { first, second } = context.req.param();
    const inPath = second === undefined ? undefined : first;
    const given = context.req.header('authorization')?.replace(/^Bearer /, '') ?? inPath ?? '';
    if (!isSame(given, token())) {
      const how =
        'as "Authorization: Bearer TOKEN", or in the Temporal UI with the endpoint http://HOST:PORT/TOKEN';
      return refuse(context, 401, `send the token of temporal.codec.endpoint.token ${how}`);
    }
    const verb = second ?? first;
    if (verb !== 'decode' && verb !== 'encode') return refuse(context, 404, 'POST /decode or /encode');
    const body = Body.safeParse(await context.req.json().catch(() => undefined));
    if (!body.success) return refuse(context, 400, `the body holds no payloads: ${issuesOf(body.error)}`);
    try {
      return context.json({ payloads: (await work[verb](body.data.payloads.map(fromWire))).map(toWire) });
    } catch (error) {
      return refuse(context, 422, (error as Error).message);
    }
  });
  app.notFound((context) => refuse(context, 404, 'POST /decode or /encode'));
  return app;
}

function refuse(context: Context, status: 400 | 401 | 404 | 413 | 422, error: string): Response {
  return context.json({ error }, status);
}

function issuesOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'the body'}: ${plainIssue(issue)}`)
    .join('; ');
}

/** Digests of equal length, so that the time tells nothing of the token. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function fromWire({ metadata, data }: WirePayload): Payload {
  const bytes = ([name, text]: [string, string]): [string, Buffer] => [name, Buffer.from(text, 'base64')];
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(bytes)),
    data: Buffer.from(data, 'base64'),
  };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  const fields = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)] as const);
  return { metadata: Object.fromEntries(fields), data: text(data) };
}
