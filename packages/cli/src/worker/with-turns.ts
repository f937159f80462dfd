import { setImmediate as turn } from 'node:timers/promises'
import type { ObjectiveFunction, Report, Trainer, TrainerTrial, TrainingResult } from '@attune/core'

type Training = AsyncGenerator<Report, TrainingResult, void>

/**
 * The same training, with a turn of the event loop before it and between two reports. Where neither training nor storage ever waits, the loop
 * would not turn until the run is over: no signal, timer or look at other processes would come through.
 */
export function withTurns<P>(training: ObjectiveFunction<P> | Trainer<P>): Trainer<P> | ObjectiveFunction<P> {
  if (typeof training === 'function') return (trial) => turning(() => training(trial))
  // What can be neither is for `optimize` to refuse.
  if (typeof (training as Partial<Trainer> | null | undefined)?.train !== 'function') return training
  const { specVersion, id, concurrency, module } = training
  return {
    specVersion,
    id,
    concurrency,
    ...(module === undefined ? {} : { module }),
    train: (trial: TrainerTrial<P>) => turning(() => training.train(trial)),
    release: () => training.release?.(),
  }
}

async function* turning(start: () => unknown): Training {
  await turn()
  const started = await start()
  if (!isTraining(started)) return started as TrainingResult
  try {
    for (;;) {
      const next = await started.next()
      if (next.done === true) return next.value
      yield next.value
      await turn()
    }
  } finally {
    await started.return(undefined)
  }
}

function isTraining(value: unknown): value is Training {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}
