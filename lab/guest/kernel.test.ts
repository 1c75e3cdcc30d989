import { expect, test } from 'vitest';
import { unpackBlock, unpackKernel } from './kernel.ts';

/** A bzImage as far as it matters here: one setup sector, then the payload. */
function imageOf(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024);
  setup[0x1f1] = 1;
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload]);
}

function frameOf(...blocks: Buffer[]): Buffer {
  const parts = blocks.map((block) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    return Buffer.concat([length, block]);
  });
  return Buffer.concat([Buffer.from('02214c18', 'hex'), ...parts, Buffer.from('10000000', 'hex')]);
}

test('a block with literals, an overlapping match and long lengths', () => {
  // 3 literals, then 4+15+2 bytes from 3 back; then 15+1 literals to the end
  const block = Buffer.concat([
    Buffer.from([0x3f]),
    Buffer.from('abc'),
    Buffer.from([3, 0, 2]),
    Buffer.from([0xf0, 1]),
    Buffer.from('0123456789abcdef'),
  ]);
  expect(unpackBlock(block).toString()).toBe(`${'abc'.repeat(8)}0123456789abcdef`);
});

test('the kernel inside is put together from all blocks', () => {
  const elf = Buffer.concat([Buffer.from([0x50, 0x7f]), Buffer.from('ELF!')]);
  const more = Buffer.concat([Buffer.from([0x40]), Buffer.from('more')]);
  expect(unpackKernel(imageOf(frameOf(elf, more)))?.toString('latin1')).toBe('\x7fELF!more');
});

test('a kernel packed in another way is left as it is', () => {
  expect(unpackKernel(imageOf(Buffer.from('fd377a585a000000', 'hex')))).toBeUndefined();
  const noElf = Buffer.concat([Buffer.from([0x50]), Buffer.from('a.out')]);
  expect(unpackKernel(imageOf(frameOf(noElf)))).toBeUndefined();
});
