import { checkScheduleSpec, scheduleError } from './check-schedule-spec.ts'
import { plateauSchedule } from './plateau-schedule.ts'
import type { RateSchedule, SchedulePosition, TrainingLength } from './rate-schedule.ts'
import type { ScheduleSpec, Span } from './schedule-spec.ts'

/** The share of the base rate at step t of T; 0 ≤ t ≤ T, and t need not be whole. */
type Curve = (t: number, total: number) => number

/**
 * The rate of every step of a training. After its end (a training that is continued) the rate stays what it was at its end.
 * @throws AttuneError `TFJS_OPTION` for a spec that is wrong.
 */
export function createSchedule(spec: ScheduleSpec, baseRate: number, length: TrainingLength): RateSchedule {
  checkScheduleSpec(spec)
  if (!(Number.isFinite(baseRate) && baseRate >= 0)) throw scheduleError(`the base rate must be a number of at least 0, got ${String(baseRate)}`)
  const steps = length.stepsPerEpoch * length.epochs
  if (spec.type === 'sweep') return stateless(({ step }) => spec.from * (spec.to / spec.from) ** Math.min(1, step / (spec.steps - 1)))
  const warmup = spec.type === 'oneCycle' || spec.warmup === undefined ? 0 : stepsIn(spec.warmup, length)
  const total = Math.max(1, steps - warmup)
  const warmed = ({ step }: SchedulePosition): number => (step < warmup ? (step + 1) / warmup : 1)
  if (spec.type === 'plateau') return plateauSchedule(spec, baseRate, warmed)
  const curve = curveOf(spec, length)
  return stateless((position) => {
    if (position.step < warmup) return baseRate * warmed(position)
    const step = spec.by === 'epoch' ? Math.max(warmup, position.epoch * length.stepsPerEpoch) : position.step
    return baseRate * curve(Math.min(step - warmup, total), total)
  })
}

function stateless(rateAt: RateSchedule['rateAt']): RateSchedule {
  return { rateAt, state: () => null, restore: () => undefined }
}

function curveOf(spec: Exclude<ScheduleSpec, { readonly type: 'plateau' | 'sweep' }>, length: TrainingLength): Curve {
  switch (spec.type) {
    case 'constant':
      return () => 1
    case 'step': {
      const every = atLeastOne(spec.every, length)
      const { factor = 0.1 } = spec
      return (t) => factor ** Math.floor(t / every)
    }
    case 'exponential': {
      const every = spec.every === undefined ? undefined : atLeastOne(spec.every, length)
      return (t, total) => spec.factor ** (t / (every ?? total))
    }
    case 'polynomial': {
      const { power = 1, floor = 0 } = spec
      return (t, total) => floor + (1 - floor) * (1 - t / total) ** power
    }
    case 'cosine': {
      const { floor = 0 } = spec
      return (t, total) => between(1, floor, cosine(t / total))
    }
    case 'cosineRestarts': {
      const period = atLeastOne(spec.period, length)
      const { growth = 2, floor = 0 } = spec
      return (t) => between(1, floor, cosine(shareOfCycle(t, period, growth)))
    }
    case 'oneCycle':
      return oneCycle(spec)
  }
}

/** PyTorch's OneCycleLR with two phases: the peak is one step before `peakAt`, the lowest rate is that of the last step. */
function oneCycle({ peakAt = 0.3, startDivisor = 25, endDivisor = 1e4, shape = 'cosine' }: Extract<ScheduleSpec, { readonly type: 'oneCycle' }>): Curve {
  const ease = shape === 'cosine' ? cosine : (share: number): number => share
  const start = 1 / startDivisor
  return (t, total) => {
    const [peak, end] = [Math.max(0, peakAt * total - 1), total - 1]
    if (t < peak) return between(start, 1, ease(t / peak))
    return end <= peak ? 1 : between(1, start / endDivisor, ease(Math.min(1, (t - peak) / (end - peak))))
  }
}

/** How far t is into its cycle, from 0 to 1, when the first cycle lasts `period` and each next one `growth` times as long. */
function shareOfCycle(t: number, period: number, growth: number): number {
  if (growth === 1) return (t % period) / period
  let [into, cycle] = [t, period]
  while (into >= cycle) [into, cycle] = [into - cycle, cycle * growth]
  return into / cycle
}

/** From 0 to 1 as half a wave of the cosine. */
function cosine(share: number): number {
  return (1 - Math.cos(Math.PI * share)) / 2
}

function between(from: number, to: number, share: number): number {
  return from + (to - from) * share
}

function stepsIn(span: Span, { stepsPerEpoch, epochs }: TrainingLength): number {
  if ('steps' in span) return span.steps
  return Math.round('epochs' in span ? span.epochs * stepsPerEpoch : span.share * stepsPerEpoch * epochs)
}

function atLeastOne(span: Span, length: TrainingLength): number {
  return Math.max(1, stepsIn(span, length))
}
