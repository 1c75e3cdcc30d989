/** The file that all processes of a cell write to. */
import { readFileSync, statSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** As much as a person reads after a conviction. */
const mostLines = 40;

export class ProcessLog {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** How long it is now; 0 before anything was written. */
  get end(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last lines that were written after it was so long. */
  tail(from: number, lines = mostLines): string {
    if (this.end <= from) return '';
    const text = readFileSync(this.file).subarray(from).toString('utf8');
    return stripVTControlCharacters(text).trimEnd().split('\n').slice(-lines).join('\n');
  }
}
