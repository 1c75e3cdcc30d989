/** Colours on a terminal alone, and none with NO_COLOR: picocolors by itself takes the log of a CI for a terminal. */
import { createColors } from 'picocolors';

export const pc = createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
