/** The power switch of a simulated host, and the ways in which such devices fail. */
import { Refusal } from './refusal.ts';

/** `acksOnly`: says yes to every order and does nothing. `saysOff`: says that the power is off, whatever it is. */
export type BmcFault = 'acksOnly' | 'saysOff' | 'hangs' | 'dead';

export interface BmcHost {
  readonly name: string;
  readonly isPowered: boolean;
  setPower(on: boolean): void;
}

export class Bmc {
  fault: BmcFault | undefined;
  readonly #host: BmcHost;

  constructor(host: BmcHost) {
    this.#host = host;
  }

  async power(): Promise<'on' | 'off'> {
    await this.#answers();
    return this.#host.isPowered && this.fault !== 'saysOff' ? 'on' : 'off';
  }

  async setPower(on: boolean): Promise<void> {
    await this.#answers();
    if (this.fault !== 'acksOnly') this.#host.setPower(on);
  }

  async #answers(): Promise<void> {
    if (this.fault === 'dead') throw new Refusal('RPC', `the BMC of ${this.#host.name} does not answer`);
    if (this.fault === 'hangs') await new Promise(() => {});
  }
}
