import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LibvirtProtocolError } from './errors.ts';
import { readsOrRefuses, packetBytes } from './fake-daemon.ts';
import { headerBytes, maxPacketBytes, type PacketHeader, PacketSplitter, sealPacket } from './packet.ts';
import { remoteProgram } from './procedures.ts';
import { XdrWriter } from './xdr.ts';

function split(chunks: readonly Buffer[]): { header: PacketHeader; body: string }[] {
  const packets: { header: PacketHeader; body: string }[] = [];
  const splitter = new PacketSplitter();
  for (const chunk of chunks) {
    splitter.push(chunk, ({ header, body }) => packets.push({ header, body: body.toString('hex') }));
  }
  return packets;
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe('packets', () => {
  it('come out the same however the stream cuts them', () => {
    const packet = fc.record({
      serial: fc.nat(),
      procedure: fc.nat(),
      body: fc.uint8Array({ maxLength: 200 }),
    });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (sent, places) => {
          const received = split(cut(Buffer.concat(sent.map((parts) => packetBytes(parts))), places));
          expect(received.map(({ header, body }) => ({ ...header, body }))).toEqual(
            sent.map(({ serial, procedure, body }) => ({
              program: remoteProgram.number,
              version: 1,
              procedure,
              type: 1,
              serial,
              status: 0,
              body: Buffer.from(body).toString('hex'),
            })),
          );
        },
      ),
    );
  });

  it('of the largest size come out whole', () => {
    const largest = packetBytes({ body: Buffer.alloc(maxPacketBytes - headerBytes, 7) });
    const chunks = Array.from({ length: Math.ceil(largest.length / 65_536) }, (_, index) =>
      largest.subarray(index * 65_536, (index + 1) * 65_536),
    );
    const sizes: number[] = [];
    const splitter = new PacketSplitter();
    for (const chunk of chunks) splitter.push(chunk, ({ body }) => sizes.push(body.length));
    expect(sizes).toEqual([maxPacketBytes - headerBytes]);
  });

  it.each([0, 4, headerBytes - 1, maxPacketBytes + 1, 0xffff_ffff])('of length %d are refused', (length) => {
    const bytes = packetBytes({ length });
    for (const chunks of [[bytes], cut(bytes, [1, 2, 3])]) {
      expect(() => split(chunks)).toThrow(LibvirtProtocolError);
      expect(() => split(chunks)).toThrow(`a length of ${length} bytes, outside 28 to 33554436`);
    }
  });

  it('take memory by what has come, not by what was announced', () => {
    const announced = packetBytes({ length: maxPacketBytes });
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 64 }, () => {
      const splitter = new PacketSplitter();
      splitter.push(announced, () => expect.unreachable('the packet is not whole'));
      return splitter;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxPacketBytes);
    expect(splitters).toHaveLength(64);
  });

  it('that are cut are told by what had come of them', () => {
    const packet = packetBytes({ procedure: 212, serial: 9, body: Buffer.alloc(12) });
    const told = [0, 3, 4, 27, 28, 39, 40].map((length) => {
      const splitter = new PacketSplitter();
      splitter.push(packet.subarray(0, length), () => undefined);
      return splitter.describePartial();
    });
    expect(told).toEqual([
      undefined,
      "3 of the 4 bytes of a packet's length",
      '4 of 40 bytes of a packet',
      '27 of 40 bytes of a packet',
      '28 of 40 bytes of a reply of program 0x20008086, procedure 212, serial 9',
      '39 of 40 bytes of a reply of program 0x20008086, procedure 212, serial 9',
      undefined,
    ]);
  });

  it('never throw anything but LibvirtProtocolError on random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        expect(readsOrRefuses(() => split(chunks.map((chunk) => Buffer.from(chunk))))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('larger than a host takes are not sent', () => {
    const writer = new XdrWriter(headerBytes).fixedOpaque(Buffer.alloc(maxPacketBytes - headerBytes + 4));
    const seal = (): Buffer =>
      sealPacket(writer, { program: remoteProgram, procedure: 1, type: 0, serial: 1 });
    expect(seal).toThrow(/33554440 bytes is above libvirt's limit of 33554436/);
  });
});
