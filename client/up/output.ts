/**
 * What the processes print goes to a file each, which the supervisor follows. Not to a pipe: with the reader of a
 * pipe killed, the next line a process prints would end it, perhaps while it moves a VM.
 */
import { closeSync, copyFileSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A log is cut at this size; the part before is kept once, as `NAME.log.1`. */
const cutAtBytes = 20 * 1024 * 1024;
const lookEveryMs = 200;
const readBytes = 64 * 1024;
const keptLines = 10;

/** The log of one process, over all its starts. */
export interface ProcessLog {
  /** Absolute path. */
  readonly file: string;
  /** For the process to write to: every write goes to the end. */
  readonly fd: number;
  /** The last lines, oldest first. */
  readonly lastLines: () => readonly string[];
  /** Reads what was written up to now. */
  readonly catchUp: () => void;
  readonly close: () => void;
}

/** Follows `folder/NAME.log` from its end; `onLine` gets each whole line without its newline. */
export function openProcessLog(folder: string, name: string, onLine: (line: string) => void): ProcessLog {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name}.log`);
  const fd = openSync(file, 'a+', 0o600);
  const lastLines: string[] = [];
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.alloc(readBytes);
  let offset = fstatSync(fd).size;
  let begun = '';

  const take = (text: string): void => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) {
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      onLine(line);
    }
  };
  const catchUp = (): void => {
    for (;;) {
      const count = readSync(fd, buffer, 0, readBytes, offset);
      if (count === 0) break;
      offset += count;
      take(decoder.write(buffer.subarray(0, count)));
    }
    if (offset > cutAtBytes) {
      copyFileSync(file, `${file}.1`);
      ftruncateSync(fd, 0);
      offset = 0;
    }
  };
  const timer = setInterval(catchUp, lookEveryMs);
  return {
    file,
    fd,
    lastLines: () => lastLines,
    catchUp,
    close: () => {
      clearInterval(timer);
      catchUp();
      if (begun) take('\n');
      closeSync(fd);
    },
  };
}
