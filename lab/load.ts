/** What a guest does on demand, switched through its web server: a busy loop, and memory written over and over. */
import type { VmConfig } from './config.ts';
import { LabError, messageOf } from './errors.ts';

/** @throws LabError if the guest doesn't answer or says otherwise */
export async function setLoad(vm: VmConfig, on: boolean): Promise<void> {
  const wanted = on ? 'on' : 'off';
  await ask(vm, `load?${wanted}`, wanted);
}

/**
 * Has a guest write so many MiB of its memory over and over, in place of what it wrote before; 0: none.
 * @throws LabError if the guest doesn't answer or says otherwise
 */
export async function setDirty(vm: Pick<VmConfig, 'name' | 'address'>, mebibytes: number): Promise<void> {
  await ask(vm, `dirty?${mebibytes}`, String(mebibytes));
}

async function ask(
  { name, address }: Pick<VmConfig, 'name' | 'address'>,
  what: string,
  wanted: string,
): Promise<void> {
  const url = `http://${address}/cgi-bin/${what}`;
  let answer = '';
  try {
    // Seen now and then after a move, and not explained: QEMU's emulation loses a write of the guest's at times while
    // memory is copied, of which the program there may have died. What it was asked for may be asked again, and it is said.
    for (let times = 0; times < 3 && answer === ''; times++) {
      if (times > 0) console.error(`VM ${name} answered nothing to ${url}, and is asked again`);
      const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
      answer = (await response.text()).trim();
    }
  } catch (error) {
    throw new LabError(`VM ${name} doesn't answer at ${url}: ${messageOf(error)}`, { cause: error });
  }
  if (answer !== wanted) throw new LabError(`VM ${name} answered ${JSON.stringify(answer)} to ${url}`);
}
