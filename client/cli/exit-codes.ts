/** The exit codes of the command line; on their own, so that `drover --help` loads nothing else. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  interrupted: 130,
} as const;

/** As the README and `drover --help` say it. */
export const exitCodesText =
  "Exit codes: 0 ok, 1 failed or canceled, 2 usage or settings, 3 refused by a check, 4 Temporal or the workers don't answer, 130 detached.";
