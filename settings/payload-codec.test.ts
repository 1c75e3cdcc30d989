import { createSecretKey, randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EncryptingCodec, PayloadUnreadable } from './payload-codec.ts';

const newKey = (): ReturnType<typeof createSecretKey> => createSecretKey(randomBytes(32));
const [first, second] = [newKey(), newKey()];
const codec = new EncryptingCodec(new Map([['k1', first]]), 'k1');

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload<unknown>(value);
const valueOf = (payload: Payload | undefined): unknown =>
  defaultPayloadConverter.fromPayload(payload as Payload);
const encrypted = async (value: unknown, by = codec): Promise<Payload> => {
  const [payload] = await by.encode([payloadOf(value)]);
  if (!payload) throw new Error('nothing came back');
  return payload;
};

test('whatever is encrypted comes back as it was, and shows nothing of itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.string({ minLength: 8 }), async (value, secret) => {
      const payload = await encrypted({ value, secret });
      expect(Buffer.from(payload.data ?? []).includes(secret)).toBe(false);
      const [decrypted] = await codec.decode([payload]);
      expect(JSON.stringify(valueOf(decrypted))).toBe(JSON.stringify({ value, secret }));
    }),
    { numRuns: 200 },
  );
});

test('bytes, undefined and null come back as they were', async () => {
  for (const value of [new Uint8Array([0, 255, 1]), new Uint8Array(), undefined, null])
    expect(valueOf((await codec.decode([await encrypted(value)]))[0])).toEqual(value);
});

test('the same text twice is not the same ciphertext', async () => {
  const data = await Promise.all([encrypted('web1'), encrypted('web1')]);
  expect(Buffer.from(data[0].data ?? [])).not.toEqual(Buffer.from(data[1].data ?? []));
});

test('names its key, and the encoding by which tools know it', async () => {
  const { metadata } = await encrypted('web1');
  const text = Object.entries(metadata ?? {}).map(
    ([key, value]) => `${key}=${Buffer.from(value).toString()}`,
  );
  expect(text.toSorted()).toEqual(['encoding=binary/encrypted', 'encryption-key-id=k1']);
});

describe('keys change', () => {
  const rotated = new EncryptingCodec(
    new Map([
      ['k1', first],
      ['k2', second],
    ]),
    'k2',
  );

  test('what an old key has encrypted is read, and the new one encrypts', async () => {
    const [old] = await rotated.decode([await encrypted('before')]);
    expect(valueOf(old)).toBe('before');
    const anew = await encrypted('after', rotated);
    expect(Buffer.from(anew.metadata?.['encryption-key-id'] ?? []).toString()).toBe('k2');
  });

  test('what was written before there was a key is read', async () => {
    expect(valueOf((await codec.decode([payloadOf('plain')]))[0])).toBe('plain');
  });

  test('without a current key nothing is encrypted, and what was is read', async () => {
    const reading = new EncryptingCodec(new Map([['k1', first]]), undefined);
    expect(valueOf((await reading.encode([payloadOf('plain')]))[0])).toBe('plain');
    expect(valueOf((await reading.decode([await encrypted('before')]))[0])).toBe('before');
  });

  test('what is encrypted already is not encrypted again', async () => {
    const payload = await encrypted('web1');
    expect(await rotated.encode([payload])).toEqual([payload]);
  });
});

describe('is not read', () => {
  const unreadable = async (by: EncryptingCodec, payload: Payload): Promise<string> => {
    const error: unknown = await by.decode([payload]).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(PayloadUnreadable);
    return (error as Error).message;
  };

  test('where its key is not in the settings: the key is named', async () => {
    const other = new EncryptingCodec(new Map([['k2', second]]), 'k2');
    expect(await unreadable(other, await encrypted('web1'))).toMatch(
      /by the key "k1", which is not in temporal.codec.keys \(k2\): add it there/,
    );
    const none = new EncryptingCodec(new Map(), undefined);
    expect(await unreadable(none, await encrypted('web1'))).toMatch(/since temporal.codec.keys is not set/);
  });

  test('by another key of the same name', async () => {
    const other = new EncryptingCodec(new Map([['k1', second]]), 'k1');
    expect(await unreadable(other, await encrypted('web1'))).toMatch(
      /does not open with temporal.codec.keys.k1/,
    );
  });

  test('where a single bit of it was changed, or it was cut', async () => {
    const { metadata = {}, data } = await encrypted('web1');
    const bytes = Buffer.from(data ?? []);
    for (const at of [0, 13, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await unreadable(codec, { metadata, data: changed })).toMatch(/or was changed since/);
    }
    for (const length of [0, 5, 20])
      expect(await unreadable(codec, { metadata, data: bytes.subarray(0, length) })).toMatch(
        /was changed since/,
      );
    // Without the length, OpenSSL would take a tag of 4 bytes, which can be guessed.
    const short = { metadata, data: Buffer.concat([bytes.subarray(0, 12), bytes.subarray(-4)]) };
    expect(await unreadable(codec, short)).toMatch(/was changed since/);
  });
});
