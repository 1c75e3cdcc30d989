import type { CallOptions } from './calls.ts';
import { maxListed } from './host-calls.ts';
import { MigrationCalls } from './migration-calls.ts';
import { nameAt, type Unnamed } from './names.ts';
import {
  readPool,
  readVolume,
  type StoragePoolRef,
  type StorageVolumeRef,
  uuidBytes,
  writePool,
  writeVolume,
} from './objects.ts';
import type { ProcedureName } from './procedures.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

const poolStates = ['inactive', 'building', 'running', 'degraded', 'inaccessible'] as const;
const volumeTypes = ['file', 'block', 'dir', 'network', 'netdir', 'ploop'] as const;

/** A pool's state and room (virStoragePoolInfo). */
export interface StoragePoolInfo {
  readonly state: (typeof poolStates)[number] | Unnamed;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  readonly availableBytes: number;
}

/** A volume's kind and size (virStorageVolInfo). */
export interface StorageVolumeInfo {
  readonly type: (typeof volumeTypes)[number] | Unnamed;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
}

/** The calls about storage pools and their volumes. */
export class StorageCalls extends MigrationCalls {
  /** All pools, active or not. */
  storagePools(options?: CallOptions): Promise<StoragePoolRef[]> {
    return this.connection.call({
      procedure: 'CONNECT_LIST_ALL_STORAGE_POOLS',
      encode: (writer) => writer.bool(true).u32(0),
      decode: (reader) => {
        const pools = reader.array('storage pools', maxListed, () => readPool(reader));
        reader.u32('the number of pools');
        return pools;
      },
      ...options,
    });
  }

  /** Rejects with LibvirtError (code NO_STORAGE_POOL) if there is none of that name. */
  storagePoolByName(name: string, options?: CallOptions): Promise<StoragePoolRef> {
    return this.#call('STORAGE_POOL_LOOKUP_BY_NAME', (writer) => writer.string(name), readPool, options);
  }

  /** Rejects with LibvirtError (code NO_STORAGE_POOL) if there is none of that UUID. */
  storagePoolByUuid(uuid: string, options?: CallOptions): Promise<StoragePoolRef> {
    const encode = (writer: XdrWriter): unknown => writer.fixedOpaque(uuidBytes(uuid));
    return this.#call('STORAGE_POOL_LOOKUP_BY_UUID', encode, readPool, options);
  }

  /** The pool that holds a volume. */
  storagePoolOfVolume(volume: StorageVolumeRef, options?: CallOptions): Promise<StoragePoolRef> {
    return this.#ofVolume('STORAGE_POOL_LOOKUP_BY_VOLUME', volume, readPool, options);
  }

  /** State and room of a pool, as of its last refresh. */
  storagePoolInfo(pool: StoragePoolRef, options?: CallOptions): Promise<StoragePoolInfo> {
    const decode = (reader: XdrReader): StoragePoolInfo => ({
      state: nameAt(poolStates, reader.u32('the state')),
      capacityBytes: reader.u64Number('the capacity'),
      allocationBytes: reader.u64Number('the allocation'),
      availableBytes: reader.u64Number('the available room'),
    });
    return this.#call('STORAGE_POOL_GET_INFO', (writer) => writePool(writer, pool), decode, options);
  }

  /** The pool's XML; flag 1 asks for the inactive one. */
  storagePoolXml(pool: StoragePoolRef, flags = 0, options?: CallOptions): Promise<string> {
    return this.#ofPool(
      'STORAGE_POOL_GET_XML_DESC',
      pool,
      flags,
      (reader) => reader.string('the XML'),
      options,
    );
  }

  /** Looks at the pool's contents anew. */
  refreshStoragePool(pool: StoragePoolRef, options?: CallOptions): Promise<void> {
    return this.#ofPool('STORAGE_POOL_REFRESH', pool, 0, () => undefined, options);
  }

  /** Creates and starts a transient pool. */
  createStoragePool(xml: string, flags = 0, options?: CallOptions): Promise<StoragePoolRef> {
    const encode = (writer: XdrWriter): unknown => writer.string(xml).u32(flags);
    return this.#call('STORAGE_POOL_CREATE_XML', encode, readPool, options);
  }

  /** Defines a persistent pool; it does not start. */
  defineStoragePool(xml: string, flags = 0, options?: CallOptions): Promise<StoragePoolRef> {
    const encode = (writer: XdrWriter): unknown => writer.string(xml).u32(flags);
    return this.#call('STORAGE_POOL_DEFINE_XML', encode, readPool, options);
  }

  /** Makes what the pool stands on, such as its folder. */
  buildStoragePool(pool: StoragePoolRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#ofPool('STORAGE_POOL_BUILD', pool, flags, () => undefined, options);
  }

  /** Starts a defined pool. */
  startStoragePool(pool: StoragePoolRef, flags = 0, options?: CallOptions): Promise<void> {
    return this.#ofPool('STORAGE_POOL_CREATE', pool, flags, () => undefined, options);
  }

  /** Sets whether the pool starts with its host. */
  setStoragePoolAutostart(pool: StoragePoolRef, autostart: boolean, options?: CallOptions): Promise<void> {
    return this.#ofPool('STORAGE_POOL_SET_AUTOSTART', pool, autostart ? 1 : 0, () => undefined, options);
  }

  /** Stops a pool; its volumes stay. */
  destroyStoragePool(pool: StoragePoolRef, options?: CallOptions): Promise<void> {
    return this.#call(
      'STORAGE_POOL_DESTROY',
      (writer) => writePool(writer, pool),
      () => undefined,
      options,
    );
  }

  /** Removes a stopped pool's definition; its volumes stay. */
  undefineStoragePool(pool: StoragePoolRef, options?: CallOptions): Promise<void> {
    return this.#call(
      'STORAGE_POOL_UNDEFINE',
      (writer) => writePool(writer, pool),
      () => undefined,
      options,
    );
  }

  /** The volumes of an active pool, as of its last refresh. */
  volumes(pool: StoragePoolRef, options?: CallOptions): Promise<StorageVolumeRef[]> {
    return this.#call(
      'STORAGE_POOL_LIST_ALL_VOLUMES',
      (writer) => writePool(writer, pool).bool(true).u32(0),
      (reader) => {
        const volumes = reader.array('volumes', maxListed, () => readVolume(reader));
        reader.u32('the number of volumes');
        return volumes;
      },
      options,
    );
  }

  /** Rejects with LibvirtError (code NO_STORAGE_VOL) if no pool covers that path. */
  volumeByPath(path: string, options?: CallOptions): Promise<StorageVolumeRef> {
    return this.#call('STORAGE_VOL_LOOKUP_BY_PATH', (writer) => writer.string(path), readVolume, options);
  }

  /** Rejects with LibvirtError (code NO_STORAGE_VOL) if the pool has none of that name. */
  volumeByName(pool: StoragePoolRef, name: string, options?: CallOptions): Promise<StorageVolumeRef> {
    const encode = (writer: XdrWriter): unknown => writePool(writer, pool).string(name);
    return this.#call('STORAGE_VOL_LOOKUP_BY_NAME', encode, readVolume, options);
  }

  /** Kind and size of a volume. */
  volumeInfo(volume: StorageVolumeRef, options?: CallOptions): Promise<StorageVolumeInfo> {
    const decode = (reader: XdrReader): StorageVolumeInfo => ({
      type: nameAt(volumeTypes, reader.i32('the type')),
      capacityBytes: reader.u64Number('the capacity'),
      allocationBytes: reader.u64Number('the allocation'),
    });
    return this.#ofVolume('STORAGE_VOL_GET_INFO', volume, decode, options);
  }

  /** Where the volume lies on the host. */
  volumePath(volume: StorageVolumeRef, options?: CallOptions): Promise<string> {
    return this.#ofVolume('STORAGE_VOL_GET_PATH', volume, (reader) => reader.string('the path'), options);
  }

  /** The volume's XML. */
  volumeXml(volume: StorageVolumeRef, options?: CallOptions): Promise<string> {
    const encode = (writer: XdrWriter): unknown => writeVolume(writer, volume).u32(0);
    return this.#call('STORAGE_VOL_GET_XML_DESC', encode, (reader) => reader.string('the XML'), options);
  }

  /** Creates a volume in a pool. Flag 1 preallocates metadata. */
  createVolume(
    pool: StoragePoolRef,
    xml: string,
    flags = 0,
    options?: CallOptions,
  ): Promise<StorageVolumeRef> {
    const encode = (writer: XdrWriter): unknown => writePool(writer, pool).string(xml).u32(flags);
    return this.#call('STORAGE_VOL_CREATE_XML', encode, readVolume, options);
  }

  /** Deletes a volume and its contents. */
  deleteVolume(volume: StorageVolumeRef, flags = 0, options?: CallOptions): Promise<void> {
    const encode = (writer: XdrWriter): unknown => writeVolume(writer, volume).u32(flags);
    return this.#call('STORAGE_VOL_DELETE', encode, () => undefined, options);
  }

  /** Gives a volume another size. `flags`: VolumeResizeFlag. */
  resizeVolume(
    volume: StorageVolumeRef,
    capacityBytes: number | bigint,
    flags = 0,
    options?: CallOptions,
  ): Promise<void> {
    const encode = (writer: XdrWriter): unknown => writeVolume(writer, volume).u64(capacityBytes).u32(flags);
    return this.#call('STORAGE_VOL_RESIZE', encode, () => undefined, options);
  }

  #ofPool<T>(
    procedure: ProcedureName,
    pool: StoragePoolRef,
    flags: number,
    decode: (reader: XdrReader) => T,
    options: CallOptions | undefined,
  ): Promise<T> {
    return this.#call(procedure, (writer) => writePool(writer, pool).u32(flags), decode, options);
  }

  #ofVolume<T>(
    procedure: ProcedureName,
    volume: StorageVolumeRef,
    decode: (reader: XdrReader) => T,
    options: CallOptions | undefined,
  ): Promise<T> {
    return this.#call(procedure, (writer) => writeVolume(writer, volume), decode, options);
  }

  #call<T>(
    procedure: ProcedureName,
    encode: (writer: XdrWriter) => unknown,
    decode: (reader: XdrReader) => T,
    options: CallOptions | undefined,
  ): Promise<T> {
    return this.connection.call({ procedure, encode, decode, ...options });
  }
}
