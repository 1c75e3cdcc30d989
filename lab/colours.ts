/** Colours on a terminal alone, and none with NO_COLOR: picocolors by itself takes the log of a CI for a terminal. */
import { isatty } from 'node:tty';
import { createColors } from 'picocolors';

const standardOutput = 1;

export const pc = createColors(isatty(standardOutput) && !process.env['NO_COLOR']);
