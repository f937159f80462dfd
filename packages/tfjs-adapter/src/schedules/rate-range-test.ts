import { isAttuneError, type Trainer, type TrainerTrial } from '@attune/core'
import { scheduleError } from './check-schedule-spec.ts'
import type { ScheduleSpec } from './schedule-spec.ts'

/** What makes a trainer sweep; to be spread last into its options. */
export interface RateSweep {
  readonly epochs: number
  readonly stepsPerEpoch: number
  readonly schedule: ScheduleSpec
  readonly report: { readonly steps: number }
  readonly validate: { readonly steps: number }
  readonly earlyStopping: () => undefined
  readonly restoreBest: false
}

/** Options of `rateRangeTest`. */
export interface RateRangeOptions<P> {
  /** The rate of the first step, above 0; default 1e-6. */
  readonly from?: number
  /** The rate of the last step, above `from`; default 1. */
  readonly to?: number
  /** Steps from one to the other, at least 2; default 100. They take as many epochs as they need. */
  readonly steps?: number
  /** Of the trial that is trained. */
  readonly params?: P
  /** Of the trial that is trained; default 0. */
  readonly seed?: number
  /** What the smoothed loss keeps of its past at each step, at least 0 and below 1; default 0.9. */
  readonly smoothing?: number
  /** The sweep ends where the smoothed loss is more than so many times its lowest (if that is negative, above it by as much); above 1, default 4. */
  readonly divergence?: number
  readonly signal?: AbortSignal
}

/** One step of the sweep. */
export interface RateRangePoint {
  readonly rate: number
  /** Of the step's batches, before the step. */
  readonly loss: number
  /** Average of the losses until here, the latest counting most. */
  readonly smoothed: number
}

/** What a sweep over rates found. */
export interface RateRange {
  readonly points: readonly RateRangePoint[]
  /** Whether it ended before the last rate, since the loss grew too far or was no number any more. */
  readonly diverged: boolean
  /**
   * Where to look for the rate, as in `float(low, high, { scale: 'log' })`: from the last rate before the smoothed loss has come a tenth of its way
   * down to the first at nine tenths. Undefined if it never came down.
   */
  readonly suggestion: { readonly low: number; readonly high: number } | undefined
  /** What the trainer warned of. */
  readonly warnings: readonly string[]
}

/**
 * A learning-rate range test (Smith 2017, section 3.3): trains a model of its own while the rate grows exponentially from step to step, and
 * tells where its loss falls. `make` makes the trainer, with the options of the sweep spread last:
 * `(sweep) => tfjsTrainer({ tf, backend, build, data, loss, optimizer, ...sweep })`. Nothing is kept of what is trained.
 * @throws AttuneError `TFJS_OPTION` for an option out of range, and whatever the trainer throws but divergence.
 */
export async function rateRangeTest<P = object>(make: (sweep: RateSweep) => Trainer<P>, options: RateRangeOptions<P> = {}): Promise<RateRange> {
  const { from = 1e-6, to = 1, steps = 100, smoothing = 0.9, divergence = 4 } = options
  if (!(from > 0 && from < to && Number.isFinite(to))) throw scheduleError(`a range test goes from a rate above 0 to a higher one, got ${from} and ${to}`)
  if (!(smoothing >= 0 && smoothing < 1)) throw scheduleError(`smoothing must be a number of at least 0 and below 1, got ${smoothing}`)
  if (!(divergence > 1)) throw scheduleError(`divergence must be a number above 1, got ${divergence}`)

  const warnings: string[] = []
  // An epoch has at least one step, and the sweep does not depend on how many. Only the loss in training is looked at, so validation never comes.
  const trainer = make({ epochs: steps, stepsPerEpoch: 1, schedule: { type: 'sweep', from, to, steps }, report: { steps: 1 }, validate: { steps: Number.MAX_SAFE_INTEGER }, earlyStopping: () => undefined, restoreBest: false })
  const points: RateRangePoint[] = []
  let diverged = false
  try {
    const training = trainer.train(trialOf(options, steps, warnings))
    let average = 0
    let lowest = Number.POSITIVE_INFINITY
    for await (const report of training) {
      const loss = report['loss'] as number
      average = smoothing * average + (1 - smoothing) * loss
      const smoothed = average / (1 - smoothing ** (points.length + 1))
      points.push({ rate: from * (to / from) ** (points.length / (steps - 1)), loss, smoothed })
      lowest = Math.min(lowest, smoothed)
      diverged = !(smoothed - lowest <= (divergence - 1) * Math.abs(lowest))
      if (diverged) break
    }
    options.signal?.throwIfAborted()
  } catch (error) {
    if (!isAttuneError(error, 'INVALID_METRIC')) throw error
    diverged = true
  } finally {
    await trainer.release?.()
  }
  return { points, diverged, suggestion: suggestionOf(points), warnings }
}

function trialOf<P>({ params, seed = 0, signal }: RateRangeOptions<P>, toStep: number, warnings: string[]): TrainerTrial<P> {
  return {
    number: 0,
    attempt: 1,
    params: params ?? ({} as P),
    seed,
    signal: signal ?? new AbortController().signal,
    resumeFrom: undefined,
    toStep,
    warn: (message) => warnings.push(message),
    setAttribute: async () => undefined,
    setArtifact: async () => undefined,
  }
}

function suggestionOf(points: readonly RateRangePoint[]): RateRange['suggestion'] {
  const first = points[0]?.smoothed ?? 0
  const lowest = points.reduce((least, { smoothed }) => Math.min(least, smoothed), first)
  if (lowest === first) return undefined
  const reached = (share: number): number => points.findIndex(({ smoothed }) => smoothed <= first - share * (first - lowest))
  return { low: points[reached(0.1) - 1]!.rate, high: points[reached(0.9)]!.rate }
}
