/** The halts that a move allows its VM, one after the other. */

/** QEMU's own default: most copies end with it, and where it is enough the hypervisor need not be told. */
export const firstDowntimeMs = 300;

/** vdsm's schedule rises so: 100, 150, 200, 300, 400, 500 ms. Ten even steps, as Nova's, would take more passes. */
const factor = 1.5;

/** From the first, which is no longer than the longest allowed, to the longest; each half as long again. */
export function downtimeSteps(maxDowntimeMs: number): readonly number[] {
  const steps: number[] = [];
  for (let step = firstDowntimeMs; step < maxDowntimeMs; step *= factor) steps.push(Math.round(step));
  return [...steps, maxDowntimeMs];
}

/**
 * The step after `allowedMs`. Where what is left takes `restMs` and one of the steps would do for that, it is that one:
 * those before it would each cost a pass and end nothing.
 */
export function nextStep(allowedMs: number, restMs: number, maxDowntimeMs: number): number {
  const above = downtimeSteps(maxDowntimeMs).filter((step) => step > allowedMs);
  return above.find((step) => step >= restMs) ?? above[0] ?? allowedMs;
}
