/** Which datacenter `npm start` starts: the lab where the machine can carry it, else a simulated one, and why. */
import { messageOf } from '../lab/errors.ts';
import { openLab } from '../lab/lab.ts';
import { checkMachine, labNeeds } from '../lab/machine.ts';
import { defaultStartFolder } from '../lab/simulated/record.ts';
import type { Steps } from '../setup/steps.ts';
import type { Datacenter } from './datacenter.ts';
import { labDatacenter } from './lab-datacenter.ts';
import { prepareMachine, prepareTemporal } from './machine.ts';
import { simulatedDatacenter } from './simulated-datacenter.ts';

export interface Choice {
  readonly datacenter: Datacenter;
  /** Gets what it needs onto this machine. @throws Error that says what is missing and what to do */
  readonly prepare: (steps: Steps) => Promise<void>;
}

/**
 * @param wanted `lab` names a lab's settings, and then nothing else will do; `simulated` asks for the other kind, as
 *   does `folder`, where that one keeps its files
 * @param tell says which was taken and why
 * @param check throws what this machine lacks for a lab
 */
export async function chooseDatacenter(
  wanted: {
    readonly simulated?: boolean | undefined;
    readonly lab?: string | undefined;
    readonly folder?: string | undefined;
    readonly yes?: boolean | undefined;
  },
  tell: (line: string) => void,
  check: () => Promise<void> = checkMachine,
): Promise<Choice> {
  const isAskedFor = wanted.simulated === true || wanted.folder !== undefined;
  const lacking = isAskedFor || wanted.lab !== undefined ? undefined : await whatIsLacking(check);
  if (!isAskedFor && lacking === undefined)
    return {
      datacenter: labDatacenter(openLab(wanted.lab)),
      prepare: (steps) => prepareMachine(steps, { ask: wanted.yes !== true }),
    };
  tell(
    [
      'This runs on the simulated datacenter: its hosts, VMs and monitoring are one process; Temporal and Drover are real.',
      lacking === undefined ? 'It was asked for with --simulated.' : `Why: ${lacking}.`,
      `A datacenter of real libvirtd, QEMU guests, Prometheus and Alertmanager needs ${labNeeds}.`,
    ].join('\n'),
  );
  return {
    datacenter: simulatedDatacenter(wanted.folder ?? defaultStartFolder()),
    prepare: prepareTemporal,
  };
}

async function whatIsLacking(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
