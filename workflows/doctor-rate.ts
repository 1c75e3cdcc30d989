/** What a step of a workflow costs, against what it costs on a server that is set up for it. */
import type { DoctorFinding } from '../model/doctor.ts';

/** A server that is not tuned lets the first dozen pass at full speed: what counts comes after them. */
const stepsAtFullSpeed = 15;
export const stepsToMeasure = 30;
/** A tuned embedded server takes some 10 ms, one that reads its queues 20 times a second some 90. */
const limitMs = 50;

/** @param timesMs of `stepsToMeasure` steps, one after another */
export function judgeStepTimes(timesMs: readonly number[]): DoctorFinding {
  const settled = timesMs.slice(stepsAtFullSpeed).toSorted((a, b) => a - b);
  const median = settled[Math.floor(settled.length / 2)] ?? 0;
  const subject = 'Temporal';
  const check = 'rate';
  const measured = `a step of a workflow takes ${Math.round(median)} ms (median of ${settled.length})`;
  if (median <= limitMs) return { subject, check, status: 'ok', message: measured };
  return {
    subject,
    check,
    status: 'warning',
    message: `${measured}: above ${limitMs} ms, so that moves and records take longer than they must`,
    advice:
      'set history.transferProcessorMaxPollRPS and history.timerProcessorMaxPollRPS to 2000 in the dynamic configuration of the server (worker/temporal-server/arguments.ts has all that the embedded one is given); if they are, the server or the worker is busy or far away',
  };
}
