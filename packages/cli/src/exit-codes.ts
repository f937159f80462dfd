import { isAttuneError } from '@attune/core'

/** What the command ends with. */
export const exitCodes = {
  ok: 0,
  /** Anything that is not below: the error says what. */
  failed: 1,
  /** An option or argument that is missing, unknown or makes no sense. */
  usage: 2,
  /** The file, the study or the trial is not there. */
  notFound: 3,
  /** Ended by Ctrl-C (SIGINT). */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const

const usage: ReadonlySet<string> = new Set(['CLI_USAGE', 'WORKER_GOAL', 'OPTION', 'CONCURRENCY', 'MODULE_NOT_FOUND', 'MODULE_EXPORT', 'MODULE_NOT_ALLOWED'])
const notFound: ReadonlySet<string> = new Set(['STORAGE_NOT_FOUND', 'STUDY_NOT_FOUND', 'TRIAL_NOT_FOUND'])

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (!isAttuneError(error)) return exitCodes.failed
  return usage.has(error.code) ? exitCodes.usage : notFound.has(error.code) ? exitCodes.notFound : exitCodes.failed
}
