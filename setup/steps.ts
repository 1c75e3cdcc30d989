/** Progress of a set-up on standard error: what is being done, and how long each step took. */
import pc from 'picocolors';

export interface Steps {
  /** For parts that report their own steps. */
  readonly report: (step: {
    name: string;
    state: 'begin' | 'done';
    seconds?: number;
    detail?: string;
  }) => void;
  /** Runs a step and says how long it took. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
  line(text: string): void;
}

export function stepsOnStderr(): Steps {
  const report: Steps['report'] = ({ name, state, seconds, detail }) => {
    if (state === 'begin') console.error(`${pc.dim('...')} ${name}`);
    else
      console.error(
        `${pc.green('ok ')} ${name} ${pc.dim(`${(seconds ?? 0).toFixed(1)} s${detail ? `, ${detail}` : ''}`)}`,
      );
  };
  return {
    report,
    run: async (name, work) => {
      const began = performance.now();
      report({ name, state: 'begin' });
      const result = await work();
      report({ name, state: 'done', seconds: (performance.now() - began) / 1000 });
      return result;
    },
    line: (text) => console.error(text),
  };
}
