/**
 * `doctor`: examines everything that must be there and right, from the workers' view, and changes nothing. Every
 * datacenter is examined by its own workers; one without any is a finding.
 */
import {
  ActivityFailure,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  TimeoutFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type {
  DoctorActivities,
  DoctorHostActivities,
  ExaminationPlan,
} from '../activities/doctor/doctor-activities.ts';
import { DoctorInput, doctorReport, type DoctorFinding, type DoctorReport } from '../model/doctor.ts';
import { datacenterTaskQueue, internalWorkflows, taskQueue } from '../model/operations.ts';
import { budgets } from './budgets.ts';
import { doctorPage, doctorPageUnderWay } from './doctor-page.ts';
import { judgeStepTimes, stepsToMeasure } from './doctor-rate.ts';
import { parseInput } from './parse-input.ts';
import { searchAttributesOf } from './search-attributes.ts';

/** Half of what Temporal lets into a payload, for all answers together. */
const mostBytes = 1024 ** 2;
/** What a datacenter has for all that is no trial of keepalive. */
const examineMs = 20 * 60_000;

const site = proxyActivities<DoctorActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'read the settings, look at Temporal and the workers',
});
/** One try: a second one would be measured too. */
const { doNothing } = proxyActivities<DoctorActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'measures what a step costs',
});

/** @throws ApplicationFailure `InvalidInput`, `UnknownHost` */
export async function doctor(input?: unknown): Promise<DoctorReport> {
  const request = parseInput('doctor', DoctorInput, input ?? {}, { hosts: ['host1'], trials: true });
  upsertSearchAttributes(searchAttributesOf({ kind: internalWorkflows.doctor }));
  setCurrentDetails(doctorPageUnderWay(request, undefined));
  const hosts = request.hosts ? { hosts: request.hosts } : {};
  const plan = await site.planExamination(hosts);
  setCurrentDetails(doctorPageUnderWay(request, plan.datacenters));
  const stepTimesMs = await measureSteps();
  const share = Math.floor(mostBytes / (plan.datacenters.length + 1));
  const parts = await Promise.all([
    told('Temporal', () => site.examineTemporal({ datacenters: plan.datacenters, mostBytes: share })),
    ...plan.datacenters.map((datacenter) =>
      told(`datacenter ${datacenter}`, () =>
        examine(plan, datacenter, { ...hosts, trials: request.trials, mostBytes: share }),
      ),
    ),
  ]);
  const [ofTemporal, ...ofDatacenters] = parts;
  const [server, ...rest] = ofTemporal;
  const report = doctorReport([
    ...(server ? [server] : []),
    judgeStepTimes(stepTimesMs),
    ...rest,
    ...ofDatacenters.flat(),
  ]);
  setCurrentDetails(doctorPage(report));
  return report;
}

function examine(
  plan: ExaminationPlan,
  datacenter: string,
  request: { hosts?: string[]; trials: boolean; mostBytes: number },
): Promise<readonly DoctorFinding[]> {
  const { examineHosts } = proxyActivities<DoctorHostActivities>({
    taskQueue: datacenterTaskQueue(datacenter),
    startToCloseTimeout: examineMs + plan.keepaliveTrialMs,
    scheduleToStartTimeout: budgets.doctorStartMs,
    heartbeatTimeout: '10s',
    // What an attempt that died has left on the hosts is removed by the next.
    retry: { maximumAttempts: 3 },
    summary: `examines the hosts of ${datacenter}`,
  });
  return examineHosts({ datacenter, ...request });
}

/** What can't be examined is a finding like others, and keeps nobody from the rest. */
async function told(
  subject: string,
  ask: () => Promise<readonly DoctorFinding[]>,
): Promise<readonly DoctorFinding[]> {
  try {
    return await ask();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return [{ subject, check: 'examination', status: 'error', ...whyNot(error) }];
  }
}

function whyNot({ cause, message }: ActivityFailure): { message: string; advice: string } {
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START')
    return {
      message: `its hosts were not examined: no worker took that up within ${budgets.doctorStartMs / 1000} s`,
      advice: 'start a worker there: drover up, or node worker/main.ts --settings FILE',
    };
  return {
    message: `it was not examined: ${cause?.message ?? message}`,
    advice: "try again; the worker's log says more",
  };
}

/** Times of steps one after another, as the server counts them. */
async function measureSteps(): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < stepsToMeasure; step++) {
    const began = Date.now();
    await doNothing();
    times.push(Date.now() - began);
  }
  return times;
}
