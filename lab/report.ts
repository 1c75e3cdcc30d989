/** Progress, as told to whoever asked for the work. */
export interface Step {
  readonly name: string;
  readonly state: 'begin' | 'done';
  readonly seconds?: number;
  readonly detail?: string;
}
export type Report = (step: Step) => void;

export const silent: Report = () => {};

/** Reports a piece of work as begun and, if it succeeds, as done; what it returns as text is the detail. */
export async function step(
  report: Report,
  name: string,
  work: () => Promise<string | undefined | void>,
): Promise<void> {
  const began = performance.now();
  report({ name, state: 'begin' });
  const detail = await work();
  const seconds = (performance.now() - began) / 1000;
  report({ name, state: 'done', seconds, ...(typeof detail === 'string' ? { detail } : {}) });
}
