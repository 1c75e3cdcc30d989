/** One JSON line for each event, on standard output. */
import pino from 'pino';
import type { Logger as TemporalLogger, LogLevel } from '@temporalio/worker';

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  /** A line with fields of its own. */
  readonly record: (fields: object, message: string) => void;
  /** The same log for Temporal's runtime. */
  readonly forTemporal: TemporalLogger;
}

/** @param process the name of the process, in every line */
export function createLogger(process: string): Logger {
  const log = pino({
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    level: 'info',
    // As Temporal's runtime calls it: without this an error would be written as {}.
    serializers: { error: pino.stdSerializers.errWithCause },
  });
  const write = (level: LogLevel, message: string, meta?: Record<string, unknown>): void =>
    log[level.toLowerCase() as Lowercase<LogLevel>](meta ?? {}, message);
  return {
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    record: (fields, message) => log.info(fields, message),
    forTemporal: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
  };
}
