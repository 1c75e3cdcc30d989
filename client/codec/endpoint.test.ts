import { createSecretKey, randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { EncryptingCodec } from '../../settings/payload-codec.ts';
import { createEndpoint, maxBodyBytes } from './endpoint.ts';

const codec = new EncryptingCodec(new Map([['k1', createSecretKey(randomBytes(32))]]), 'k1');
const page = 'http://127.0.0.1:8233';
const app = createEndpoint({ codec, token: () => 'right', origins: [page] });
const bearer = { authorization: 'Bearer right' };

const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
const plain = defaultPayloadConverter.toPayload({ vm: 'web1' });
const wire = {
  metadata: { encoding: base64(plain.metadata?.['encoding']) },
  data: base64(plain.data),
};

function post(path: string, body: unknown, headers: Record<string, string> = bearer): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return Promise.resolve(
    app.request(path, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', ...headers },
    }),
  );
}

test('encodes and decodes, what is plain as well, with the token in a header or in the path', async () => {
  const encoded = (await (await post('/encode', { payloads: [wire] })).json()) as {
    payloads: (typeof wire)[];
  };
  expect(encoded.payloads[0]?.data).not.toContain(wire.data);
  for (const [path, headers] of [
    ['/decode', bearer],
    ['/right/decode', {}],
  ] as const) {
    const answer = await post(path, { payloads: [...encoded.payloads, wire] }, headers);
    expect(await answer.json()).toEqual({ payloads: [wire, wire] });
  }
});

test.for([
  ['without a token', '/decode', {}],
  ['with a wrong one', '/decode', { authorization: 'Bearer wrong' }],
  ['with a wrong one in the path', '/wrong/decode', {}],
  [
    'with a wrong one in the header and the right one in the path',
    '/right/decode',
    { authorization: 'Bearer w' },
  ],
  ['with another verb instead of one', '/decode/decode', {}],
] as [string, string, Record<string, string>][])('answers 401 %s', async ([, path, headers]) => {
  const answer = await post(path, { payloads: [wire] }, headers);
  expect(answer.status).toBe(401);
  expect(await answer.text()).toContain('send the token of temporal.codec.endpoint.token');
});

test.for([
  ['no JSON', 'payloads', 400, 'holds no payloads'],
  ['no payloads', { payload: [] }, 400, 'payloads: '],
  ['no base64', { payloads: [{ data: '!' }] }, 400, 'must be base64'],
  ['too much', 'x'.repeat(maxBodyBytes + 1), 413, `larger than ${maxBodyBytes} bytes`],
  [
    'what another key has encrypted',
    {
      payloads: [
        {
          metadata: {
            encoding: base64(Buffer.from('binary/encrypted')),
            'encryption-key-id': base64(Buffer.from('k0')),
          },
        },
      ],
    },
    422,
    'by the key \\"k0\\", which is not in temporal.codec.keys (k1)',
  ],
] as [string, unknown, number, string][])('says what is wrong with %s', async ([, body, status, message]) => {
  const answer = await post('/decode', body);
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(message)]);
});

test('knows no other path', async () => {
  expect((await post('/right/delete', { payloads: [] }, {})).status).toBe(404);
  expect((await app.request('/decode', { headers: bearer })).status).toBe(404);
});

test('lets the pages of the settings ask, and no other', async () => {
  const ask = async (origin: string): Promise<string | null> => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const answer = await app.request('/right/decode', { method: 'OPTIONS', headers });
    return answer.headers.get('access-control-allow-origin');
  };
  expect(await ask(page)).toBe(page);
  expect(await ask('http://127.0.0.1:8234')).toBeNull();
  expect(await ask('https://evil.example')).toBeNull();
});
