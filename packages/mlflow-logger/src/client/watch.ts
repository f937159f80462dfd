import type { Clock } from '@attune/core'
import { MlflowError, type FailedCall } from './errors.ts'
import { Interrupted } from './interrupted.ts'

/** Milliseconds: `idle` without a byte in either direction, `total` for the whole attempt with its answer. */
export interface Limits {
  readonly idle: number
  readonly total: number
}

/** Ends one attempt when its time is over or its caller gives up. */
export interface Watch {
  /** Aborts what is under way. */
  readonly signal: AbortSignal
  /** Why it was ended, if it was. */
  readonly reason: MlflowError | undefined
  /** A byte went or came. */
  alive(): void
  /** The other side is not asked for anything for now. */
  pause(): void
  /** Nothing is to be ended any more; no timer or listener is left. */
  end(): void
}

function seconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toPrecision(3))} s`
}

export function watch(call: FailedCall, server: string, limits: Limits, clock: Clock, caller: AbortSignal): Watch {
  const controller = new AbortController()
  let reason: MlflowError | undefined
  let ended = false
  let stopIdle = (): void => undefined
  const stop = (error: MlflowError): void => {
    if (ended) return
    reason ??= error
    // Whether anybody still reads or not: a timer would keep the process.
    stopIdle()
    stopTotal()
    controller.abort()
  }
  const late = (milliseconds: number, what: string) =>
    stop(new Interrupted('MLFLOW_TIMEOUT', `${server} ${what} within ${seconds(milliseconds)}: ${call.method} ${call.path}. If it needs longer, raise MLFLOW_HTTP_REQUEST_TIMEOUT (the option timeout), for files MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT (transferTimeout)`, true, call))
  const stopTotal = clock.schedule(limits.total, () => late(limits.total, 'did not answer completely'), true)
  const aborted = (): void => stop(new MlflowError('MLFLOW_ABORTED', `${call.method} ${call.path} was ended by its signal`, { call, cause: caller.reason }))
  if (caller.aborted) aborted()
  else caller.addEventListener('abort', aborted)
  const watched: Watch = {
    signal: controller.signal,
    get reason() {
      return reason
    },
    alive() {
      stopIdle()
      if (!ended && reason === undefined) stopIdle = clock.schedule(limits.idle, () => late(limits.idle, 'sent and took nothing'), true)
    },
    pause: () => stopIdle(),
    end() {
      ended = true
      stopIdle()
      stopTotal()
      caller.removeEventListener('abort', aborted)
    },
  }
  watched.alive()
  return watched
}
