/** Encrypts what Drover hands to Temporal, so that its database holds no text of inputs, results, failures or pages. */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** As Temporal's own samples name it, so that tools know it for what it is. */
const encryptedEncoding = 'binary/encrypted';
const keyIdField = 'encryption-key-id';
const algorithm = 'aes-256-gcm';
/** NIST SP 800-38D: nonces of 96 bits; random ones are safe for 2^32 payloads of one key. */
const nonceBytes = 12;
const tagBytes = 16;

/** A payload can't be decrypted; the message says by which key it was encrypted and what to change. */
export class PayloadUnreadable extends Error {
  override readonly name = 'PayloadUnreadable';
}

/**
 * AES-256-GCM. An encrypted payload holds nonce, ciphertext and tag of the whole payload, its metadata included, and
 * names its key. What was never encrypted is passed on as it is.
 */
export class EncryptingCodec implements PayloadCodec {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #current: string | undefined;

  /** @param current the key that encrypts; undefined: what comes is only decrypted */
  constructor(keys: ReadonlyMap<string, KeyObject>, current: string | undefined) {
    this.#keys = keys;
    this.#current = current;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const id = this.#current;
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined || !key) return payloads;
    return payloads.map((payload) => (keyIdOf(payload) === undefined ? encrypt(payload, id, key) : payload));
  }

  /** @throws PayloadUnreadable */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const id = keyIdOf(payload);
      return id === undefined ? payload : decrypt(payload, id, this.#keyOf(id));
    });
  }

  #keyOf(id: string): KeyObject {
    const key = this.#keys.get(id);
    if (key) return key;
    const known = [...this.#keys.keys()];
    const where =
      known.length > 0
        ? `is not in temporal.codec.keys (${known.join(', ')})`
        : 'is unknown, since temporal.codec.keys is not set';
    throw new PayloadUnreadable(
      `what Temporal has was encrypted by the key ${JSON.stringify(id)}, which ${where}: add it there; a key is needed as long as Temporal keeps what it has encrypted`,
    );
  }
}

/** Undefined where it is not encrypted. */
function keyIdOf({ metadata }: Payload): string | undefined {
  const encoding = metadata?.[METADATA_ENCODING_KEY];
  if (!encoding || Buffer.from(encoding).toString() !== encryptedEncoding) return undefined;
  return Buffer.from(metadata[keyIdField] ?? []).toString();
}

function encrypt(payload: Payload, id: string, key: KeyObject): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce);
  const sealed = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: Buffer.from(encryptedEncoding),
      [keyIdField]: Buffer.from(id),
    },
    data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
  };
}

function decrypt({ data }: Payload, id: string, key: KeyObject): Payload {
  const bytes = Buffer.from(data ?? []);
  try {
    const nonce = bytes.subarray(0, nonceBytes);
    // With the length of the tag: of cut bytes a shorter one would be taken, which can be guessed.
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const opened = [decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()];
    const { metadata, data: inner } = PayloadMessage.decode(Buffer.concat(opened));
    return { metadata, data: inner };
  } catch (error) {
    throw new PayloadUnreadable(
      `what Temporal has does not open with temporal.codec.keys.${id}: it was encrypted by another key of that name, or was changed since`,
      { cause: error },
    );
  }
}
