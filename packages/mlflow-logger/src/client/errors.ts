import { AttuneError } from '@attune/core'

/** Where an error came up. `path` is without the host and without a query. */
export interface FailedCall {
  readonly method: string
  readonly path: string
}

export interface MlflowErrorOptions {
  readonly status?: number
  readonly mlflowCode?: string
  readonly call?: FailedCall
  readonly cause?: unknown
  readonly details?: { readonly [key: string]: unknown }
}

/**
 * What the client throws. The message says what happened, in which call, and what to do; no part of it holds a password, a token or
 * a header. The codes are in docs/errors.md.
 */
export class MlflowError extends AttuneError {
  /** Of the server's answer, if there was one. */
  readonly status: number | undefined
  /** What MLflow calls it, as in `RESOURCE_DOES_NOT_EXIST`; undefined if the answer did not come from MLflow. */
  readonly mlflowCode: string | undefined
  readonly call: FailedCall | undefined

  constructor(code: string, message: string, options: MlflowErrorOptions = {}) {
    const { status, mlflowCode, call } = options
    const known = { ...(status !== undefined && { status }), ...(mlflowCode !== undefined && { mlflowCode }), ...(call !== undefined && { call }) }
    super(code, message, { ...('cause' in options && { cause: options.cause }), details: { ...known, ...options.details } })
    this.name = 'MlflowError'
    this.status = status
    this.mlflowCode = mlflowCode
    this.call = call
  }
}
