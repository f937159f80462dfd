import { isAttuneError } from '@attune/core'
import { MlflowError } from '../client/errors.ts'

/**
 * `later`: the server cannot be reached or asks to wait. `unable`: it will not work until somebody changes something (credentials, address).
 * `refused`: this request will never be accepted.
 */
export type FailureKind = 'later' | 'unable' | 'refused'

const later = new Set(['MLFLOW_UNREACHABLE', 'MLFLOW_TIMEOUT', 'MLFLOW_ABORTED', 'MLFLOW_RATE', 'MLFLOW_SERVER', 'MLFLOW_ANSWER'])
const unable = new Set(['MLFLOW_AUTH', 'MLFLOW_FORBIDDEN', 'MLFLOW_ENDPOINT', 'MLFLOW_TLS', 'MLFLOW_CONFIG', 'MLFLOW_URI'])

/**
 * What to do about a call that failed. `stubborn`: it has failed several times in a row, and the server may be well otherwise: then a fault of
 * the server (500) is taken as its answer to this very request.
 */
export function kindOf(error: unknown, stubborn = false): FailureKind {
  if (!isAttuneError(error)) return 'refused' // Not a failure of the connection: repeated, it would be the same.
  if (stubborn && error instanceof MlflowError && error.status === 500) return 'refused'
  if (later.has(error.code)) return 'later'
  return unable.has(error.code) ? 'unable' : 'refused'
}
