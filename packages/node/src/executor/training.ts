import type { Report, Trainer, TrainerTrial, TrainingResult } from '@attune/core'

/** What a function of a module is given, in whatever thread or process it runs. */
export interface ModuleTrial<P = unknown> extends TrainerTrial<P> {
  /** Reports one step; answers `'stop'` when the trial should end: return then, the study knows why. */
  report(report: Report): Promise<'continue' | 'stop'>
}

type Training = AsyncGenerator<Report, TrainingResult, void>

/** Runs what a module exports as a training that is pulled. */
export function trainingOf(exported: unknown, trial: TrainerTrial): Training {
  if (typeof exported !== 'function') return (exported as Trainer).train(trial)
  const call = exported as (trial: TrainerTrial) => unknown
  // A trial of this process takes reports itself.
  if ('report' in trial) return callOf(() => call(trial))
  return pulled((report) => call(Object.defineProperty(trial, 'report', { value: report })))
}

/** A function as a generator: its own reports, if it is one, else only its result. */
async function* callOf(call: () => unknown): Training {
  const result = await call()
  return isGenerator(result) ? yield* result : (result as TrainingResult)
}

function isGenerator(value: unknown): value is Training {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}

/** A training out of a function that may also report by a call: the call is answered when the next report is pulled, or with `'stop'` when none is. */
async function* pulled(call: (report: ModuleTrial['report']) => unknown): Training {
  const calls: { readonly report: Report; readonly answer: (verdict: 'continue' | 'stop') => void }[] = []
  let over = false
  let arrived = (): void => undefined
  const training = callOf(() =>
    call((report) => {
      if (over) return Promise.resolve('stop')
      return new Promise((answer) => {
        calls.push({ report, answer })
        arrived()
      })
    }),
  )
  let pending: ReturnType<Training['next']> | undefined
  let last: IteratorResult<Report, TrainingResult> | undefined
  try {
    for (;;) {
      for (let waiting = calls[0]; waiting !== undefined; waiting = calls[0]) {
        yield waiting.report
        calls.shift()
        waiting.answer('continue')
      }
      if (last?.done === true) return last.value
      pending ??= training.next()
      const arrival = new Promise<undefined>((resolve) => (arrived = () => resolve(undefined)))
      last = calls.length > 0 ? undefined : await Promise.race([pending, arrival])
      if (last !== undefined) pending = undefined
      if (last?.done === false) yield last.value
    }
  } finally {
    over = true
    for (const { answer } of calls.splice(0)) answer('stop')
    // A function that was told to stop may end as it likes, with an error too.
    await pending?.catch(() => undefined)
    await training.return(undefined)
  }
}
