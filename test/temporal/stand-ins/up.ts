/**
 * `drover up` with stand-ins for its parts: `node up.ts SETTINGS EVENTS NAME[:BEHAVIOUR]...`. The part `temporal` is
 * the real one where its behaviour is `real`.
 */
import { fileURLToPath } from 'node:url';
import { partsOf } from '../../../client/up/processes.ts';
import { runUp } from '../../../client/up/up.ts';

const [settingsFile = '', events = '', ...wanted] = process.argv.slice(2);
const script = fileURLToPath(new URL('./part.ts', import.meta.url));

process.exitCode = await runUp({
  settingsFile,
  pauses: { firstMs: 20, longestMs: 100, resetAfterMs: 60_000 },
  parts: (...given) =>
    wanted.flatMap((one) => {
      const [name = '', behaviour] = one.split(':');
      if (behaviour === 'real') return partsOf(...given).filter((part) => part.name === name);
      return [
        {
          name,
          command: process.execPath,
          args: [script, name, events, ...(behaviour ? [behaviour] : [])],
          answers: () => Promise.resolve(true),
          addresses: [],
        },
      ];
    }),
}).catch((error: unknown) => {
  console.log(`error: ${(error as Error).message}`);
  return 1;
});
