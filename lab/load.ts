/** The busy loop inside a guest, switched through its web server. */
import type { VmConfig } from './config.ts';
import { LabError, messageOf } from './errors.ts';

/** @throws LabError if the guest doesn't answer or says otherwise */
export async function setLoad(vm: VmConfig, on: boolean): Promise<void> {
  const wanted = on ? 'on' : 'off';
  const url = `http://${vm.address}/cgi-bin/load?${wanted}`;
  let answer: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
    answer = (await response.text()).trim();
  } catch (error) {
    throw new LabError(`VM ${vm.name} doesn't answer at ${url}: ${messageOf(error)}`, { cause: error });
  }
  if (answer !== wanted) throw new LabError(`VM ${vm.name} answered ${JSON.stringify(answer)} to ${url}`);
}
