import type { Executor } from '../contracts/executor.ts'
import type { Trainer } from '../contracts/trainer.ts'
import type { FailureReason } from '../contracts/trial-record.ts'
import { AttuneError } from '../errors.ts'
import { list } from './metrics.ts'
import { didYouMean } from './nearest-name.ts'
import type { OptimizeOptions } from './options.ts'
import { checkNumber } from './stop-rules.ts'

const failureReasons: readonly FailureReason[] = ['error', 'timeout', 'out-of-memory', 'invalid-metric', 'aborted', 'lost', 'crashed']
const knownOptions: readonly (keyof OptimizeOptions)[] = ['trials', 'more', 'timeout', 'trialTimeout', 'grace', 'concurrency', 'signal', 'stop', 'evaluators', 'retry', 'checkpointEvery']

/** Throws OPTION and CONCURRENCY. */
export function checkOptimizeOptions(options: OptimizeOptions, trainer: Trainer, executor: Executor): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', 'optimize needs options as its second argument, as in { trials: 100 }.')
  for (const key of Object.keys(options)) if (!(knownOptions as readonly string[]).includes(key)) throw new AttuneError('OPTION', `optimize does not know the option "${key}".${didYouMean(key, knownOptions)}`)
  const { trials, more, timeout, trialTimeout, grace, concurrency, checkpointEvery, retry } = options
  if (trials !== undefined) checkNumber('trials', trials, 0, true)
  if (more !== undefined) checkNumber('more', more, 0, true)
  if (trials !== undefined && more !== undefined) throw new AttuneError('OPTION', '"trials" is the total the study should have and "more" what to add to it: give one of them.')
  if (timeout !== undefined) checkNumber('timeout', timeout, 0, false)
  if (trialTimeout !== undefined) checkNumber('trialTimeout', trialTimeout, 0, false)
  if (grace !== undefined) checkNumber('grace', grace, 0, false)
  if (concurrency !== undefined) checkNumber('concurrency', concurrency, 1, true)
  if (checkpointEvery !== undefined) checkNumber('checkpointEvery', checkpointEvery, 1, true)
  if (retry !== undefined) checkNumber('retry', typeof retry === 'object' ? retry.times : retry, 0, true)
  for (const reason of typeof retry === 'object' ? (retry.on ?? []) : []) {
    if (!failureReasons.includes(reason)) throw new AttuneError('OPTION', `retry.on knows the reasons ${list(failureReasons)}, not "${String(reason)}".${didYouMean(String(reason), failureReasons)}`)
  }
  const { stop, signal, evaluators } = options as { readonly [name in 'stop' | 'signal' | 'evaluators']?: unknown }
  if (stop !== undefined && !(Array.isArray(stop) ? stop : [stop]).every((rule) => typeof rule === 'function')) throw new AttuneError('OPTION', 'stop must be a rule or an array of them, as in stop: noProgress(50).')
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || !('aborted' in signal))) throw new AttuneError('OPTION', 'signal must be an AbortSignal, as in signal: controller.signal.')
  if (evaluators !== undefined && !Array.isArray(evaluators)) throw new AttuneError('OPTION', 'evaluators must be an array, as in evaluators: [onnxEvaluator({ … })].')
  if (trials === undefined && more === undefined && timeout === undefined && options.signal === undefined && options.stop === undefined) {
    throw new AttuneError('OPTION', 'Nothing would end this run: give "trials", "more", "timeout", "stop" or "signal".')
  }
  const slots = executor.slots(trainer)
  if ((concurrency ?? 1) > slots) {
    throw new AttuneError('CONCURRENCY', `Trainer "${trainer.id}" runs at most ${slots} trial(s) at once in the executor "${executor.id}", but concurrency is ${concurrency}. Lower it, or run the trainer in child processes: fromModule(…) and executor: processes({ slots: ${concurrency} }), of @attune/node.`)
  }
}
