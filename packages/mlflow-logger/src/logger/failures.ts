import { isAttuneError } from '@attune/core'
import { MlflowError } from '../client/errors.ts'

/**
 * `later`: the server cannot be reached or asks to wait. `unable`: it will not work until somebody changes something (credentials, address).
 * `refused`: this request will never be accepted.
 */
export type FailureKind = 'later' | 'unable' | 'refused'

const later = new Set(['MLFLOW_UNREACHABLE', 'MLFLOW_TIMEOUT', 'MLFLOW_ABORTED', 'MLFLOW_CLOSED', 'MLFLOW_RATE', 'MLFLOW_SERVER', 'MLFLOW_ANSWER'])
const unable = new Set(['MLFLOW_AUTH', 'MLFLOW_FORBIDDEN', 'MLFLOW_ENDPOINT', 'MLFLOW_REDIRECT', 'MLFLOW_TLS', 'MLFLOW_CONFIG', 'MLFLOW_URI'])

/** A run was deleted because there is another one of its key, to which the same goes when it is tried again. */
export class RunIsAnother extends Error {
  constructor() {
    super('A run was made twice in MLflow: what went to the one that was deleted goes to the other one')
  }
}

/** What to do about a call that failed. */
export function kindOf(error: unknown): FailureKind {
  if (error instanceof RunIsAnother) return 'later'
  if (!isAttuneError(error)) return 'refused' // Not a failure of the connection: repeated, it would be the same.
  if (later.has(error.code) || (error.code === 'MLFLOW_STORAGE' && error instanceof MlflowError && (error.status ?? 500) >= 500)) return 'later'
  return unable.has(error.code) ? 'unable' : 'refused'
}

/** After so many failures in a row, a fault of the server (500) may be its answer to this very request: if it is well otherwise, it is. */
export function isStubborn(error: unknown, failures: number): boolean {
  return failures >= 5 && error instanceof MlflowError && error.status === 500
}

/** A refusal in MLflow's own words, or of our client. A proxy on the way may refuse everything for a while. */
export function isCertain(error: unknown): boolean {
  return !(error instanceof MlflowError) || error.status === undefined || error.mlflowCode !== undefined
}
