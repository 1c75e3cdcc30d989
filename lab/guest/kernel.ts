/**
 * Takes the kernel proper out of a bzImage, so that no guest has to decompress it: QEMU boots an ELF kernel with a
 * PVH entry as it is. Under emulation that is a third of the time to a guest's first answer.
 */

/** The image's setup header, Documentation/x86/boot.rst of Linux: where the compressed kernel lies. */
const header = { setupSectors: 0x1f1, payloadOffset: 0x248, payloadLength: 0x24c } as const;
const sectorBytes = 512;

/** First bytes of LZ4's legacy frame, which `lz4 -l` writes and the kernel's build uses. */
const legacyFrame = 0x184c2102;
const largestBlock = 8 * 1024 * 1024;
const elf = 0x464c457f;

/** The ELF kernel inside; undefined if it is packed in another way than Debian's, and is better booted as it is. */
export function unpackKernel(image: Buffer): Buffer | undefined {
  const setup = ((image[header.setupSectors] || 4) + 1) * sectorBytes;
  const start = setup + image.readUInt32LE(header.payloadOffset);
  const payload = image.subarray(start, start + image.readUInt32LE(header.payloadLength));
  if (payload.length < 8 || payload.readUInt32LE(0) !== legacyFrame) return undefined;
  const blocks: Buffer[] = [];
  // The last four bytes are the unpacked size, appended by the kernel's build.
  for (let at = 4; at + 4 < payload.length;) {
    const length = payload.readUInt32LE(at);
    blocks.push(unpackBlock(payload.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  const kernel = Buffer.concat(blocks);
  return kernel.length > 4 && kernel.readUInt32LE(0) === elf ? kernel : undefined;
}

/** One block of https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
export function unpackBlock(source: Buffer): Buffer {
  const target = Buffer.allocUnsafe(largestBlock);
  let from = 0;
  let to = 0;
  const byte = (): number => source[from++] ?? 0;
  const extended = (length: number): number => {
    if (length < 15) return length;
    for (;;) {
      const more = byte();
      length += more;
      if (more !== 255) return length;
    }
  };
  while (from < source.length) {
    const token = byte();
    const literals = extended(token >> 4);
    to += source.copy(target, to, from, from + literals);
    from += literals;
    if (from >= source.length) break; // the last sequence has no match
    const distance = byte() | (byte() << 8);
    const length = extended(token & 15) + 4;
    // A match may overlap what it produces, so it is copied byte by byte.
    for (const end = to + length; to < end; to++) target[to] = target[to - distance] ?? 0;
  }
  return Buffer.from(target.subarray(0, to));
}
