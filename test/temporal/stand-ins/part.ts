/**
 * A part of Drover in tests of `drover up`: `node part.ts NAME EVENTS [dies|deaf]` writes a line to the file EVENTS
 * when it starts, gets a signal and ends. One that `dies` fails at its start, a `deaf` one does not end by SIGTERM.
 */
import { appendFileSync } from 'node:fs';

const [name = '', events = '', behaviour] = process.argv.slice(2);
const note = (event: string): void => appendFileSync(events, `${name} ${event} ${process.pid}\n`);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    note(signal);
    if (behaviour !== 'deaf') process.exit(0);
  });
}
note('start');
console.log(`${name} says hello`);
if (behaviour === 'dies') {
  console.error(`${name}: the herd has left`);
  process.exit(3);
}
// A part that serves has something that keeps it running.
setInterval(() => {}, 60_000);
