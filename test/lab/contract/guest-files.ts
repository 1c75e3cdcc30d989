/** What QEMU reads when it starts a VM of the contract, in a folder that all hosts of the lab see. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const romBytes = 65_536;
/** Where an x86 CPU begins, from the end of its firmware. */
const resetVector = romBytes - 16;
const halt = 0xf4;
/** 24 MiB that don't compress: a copy at 1 MiB/s takes so many seconds. */
const noiseMiB = 24;

export class GuestFiles implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'contract-guest-'));
  /** Firmware that halts the CPU at its first step: a guest that costs its host nothing, and migrates all the same. */
  readonly firmware = join(this.#folder, 'halt.rom');
  /** For a guest's memory: what a migration must really carry. */
  readonly noise = join(this.#folder, 'noise');

  constructor() {
    const rom = Buffer.alloc(romBytes);
    const jumpBack = [0xeb, 0xfd];
    rom.set([halt, ...jumpBack], resetVector);
    writeFileSync(this.firmware, rom);
    writeFileSync(this.noise, randomBytes(noiseMiB * 1_048_576));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
