import type { XdrReader, XdrWriter } from './xdr.ts';

/** A domain as libvirt refers to it. Commands go by the UUID; name and id are as of the moment it was looked up. */
export interface DomainRef {
  readonly name: string;
  /** In lower case, with dashes. */
  readonly uuid: string;
  /** -1 when the domain was not running. */
  readonly id: number;
}

/** A storage pool as libvirt refers to it. */
export interface StoragePoolRef {
  readonly name: string;
  readonly uuid: string;
}

/** A storage volume as libvirt refers to it. */
export interface StorageVolumeRef {
  /** The name of its pool. */
  readonly pool: string;
  readonly name: string;
  /** libvirt's unique key; for files their path. */
  readonly key: string;
}

const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A UUID's 16 bytes. Throws RangeError if it isn't of the form 8-4-4-4-12. */
export function uuidBytes(uuid: string): Buffer {
  if (!uuidPattern.test(uuid)) throw new RangeError(`"${uuid}" is not a UUID`);
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

export function readUuid(reader: XdrReader): string {
  const hex = reader.fixedOpaque(16, 'a UUID').toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** remote_nonnull_domain of remote_protocol.x. */
export function readDomain(reader: XdrReader): DomainRef {
  const name = reader.string("a domain's name");
  return { name, uuid: readUuid(reader), id: reader.i32("a domain's id") };
}

export function writeDomain(writer: XdrWriter, domain: DomainRef): XdrWriter {
  return writer.string(domain.name).fixedOpaque(uuidBytes(domain.uuid)).i32(domain.id);
}

/** remote_nonnull_storage_pool of remote_protocol.x. */
export function readPool(reader: XdrReader): StoragePoolRef {
  const name = reader.string("a storage pool's name");
  return { name, uuid: readUuid(reader) };
}

export function writePool(writer: XdrWriter, pool: StoragePoolRef): XdrWriter {
  return writer.string(pool.name).fixedOpaque(uuidBytes(pool.uuid));
}

/** remote_nonnull_storage_vol of remote_protocol.x. */
export function readVolume(reader: XdrReader): StorageVolumeRef {
  return {
    pool: reader.string("a volume's pool"),
    name: reader.string("a volume's name"),
    key: reader.string("a volume's key"),
  };
}

export function writeVolume(writer: XdrWriter, volume: StorageVolumeRef): XdrWriter {
  return writer.string(volume.pool).string(volume.name).string(volume.key);
}
