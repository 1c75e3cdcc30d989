/** How a maintenance is told to end: finished when the work is done, or canceled at any time. */
import { ApplicationFailure } from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';
import type { FinishMaintenance, MaintainHostsStep, MaintenanceAnswer } from '../model/maintain-hosts.ts';

export type EndingAsked =
  | { readonly kind: 'finish'; readonly moveBack?: boolean }
  | { readonly kind: 'cancel' };

export class MaintenanceEnding {
  readonly #step: () => MaintainHostsStep;
  #asked: EndingAsked | undefined;
  #isCutShort = false;

  constructor(step: () => MaintainHostsStep, asked?: EndingAsked) {
    this.#step = step;
    this.#asked = asked;
  }

  get asked(): EndingAsked | undefined {
    return this.#asked;
  }

  /** Canceled while VMs are taken back: those that are not yet stay where they are. */
  get isCutShort(): boolean {
    return this.#isCutShort;
  }

  /** @throws ApplicationFailure `InvalidInput`: it can't be finished now, or is asked for in another form */
  checkFinish(request: FinishMaintenance): void {
    const { moveBack } = request;
    if (typeof request !== 'object' || (moveBack !== undefined && typeof moveBack !== 'boolean'))
      throw refused('finish takes {"moveBack": true}, {"moveBack": false} or nothing');
    if (this.#asked?.kind === 'cancel') throw refused('it is being canceled: the hosts are opened');
    const step = this.#step();
    if (step === 'ended') throw refused('it has ended');
    if (this.#asked || step === 'held' || step === 'left') return;
    throw refused(`the hosts are not empty yet (it is ${step}): wait until it holds them, or cancel it`);
  }

  finish({ moveBack }: FinishMaintenance): MaintenanceAnswer {
    if (this.#asked) return { message: 'it is being finished already' };
    const isLeft = this.#step() === 'left';
    this.#asked = { kind: 'finish', ...(moveBack === undefined ? {} : { moveBack }) };
    return {
      message: isLeft
        ? 'the hosts are opened; VMs were left on them, which the result names'
        : 'the hosts are opened',
    };
  }

  cancel(): MaintenanceAnswer {
    if (this.#step() === 'ended') return { message: 'it has ended' };
    if (this.#asked?.kind === 'cancel') return { message: 'it is being canceled already' };
    if (this.#asked) {
      this.#isCutShort = true;
      return { message: 'it is being finished: the hosts are opened, and no further VM is taken back' };
    }
    this.#asked = { kind: 'cancel' };
    return { message: 'moves under way go to their end, none begins, and the hosts are opened' };
  }
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.create(permanent('InvalidInput', message));
}
