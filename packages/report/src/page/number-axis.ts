import { scaleLinear, scaleLog } from 'd3-scale'
import type { Objective } from '@attune/core'
import { formatNumber } from '../text.ts'

/** Places numbers along one side of a chart. */
export interface NumberAxis {
  readonly log: boolean
  /** Position of a value, kept on the axis: what lies beyond its ends, infinities included, is put at the end. */
  at(value: number): number
  /** True if the value lies beyond the ends. */
  beyond(value: number): boolean
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

export interface NumberAxisOptions {
  readonly low: number
  readonly high: number
  /** Positions of low and high. */
  readonly range: readonly [number, number]
  readonly log?: boolean
  /** Extends the ends to round numbers. */
  readonly nice?: boolean
  /** About how many labels fit. */
  readonly ticks?: number
  /** Labels whole numbers only. */
  readonly whole?: boolean
}

/** Ends beyond `huge`, and spans or logarithmic ends below `tiny`, overflow in the arithmetic of scales. */
const huge = Number.MAX_VALUE / 4
const tiny = 1e-300

/** An axis from `low` to `high`, both above 0 where it is logarithmic. Numbers too large or small for a scale lie beyond its ends. */
export function numberAxis({ low, high, range, log = false, nice = false, ticks = 6, whole = false }: NumberAxisOptions): NumberAxis {
  const [from, to] = endsOf(low, high, log)
  const scale = (log ? scaleLog() : scaleLinear()).domain([from, to]).range(range)
  if (nice && !log) scale.nice(ticks)
  const [first = from, last = to] = scale.domain()
  const [smallest, largest] = range[0] < range[1] ? range : [range[1], range[0]]
  return {
    log,
    at: (value) => {
      const position = scale(Math.min(last, Math.max(first, value)))
      return Math.min(largest, Math.max(smallest, position))
    },
    beyond: (value) => value < first || value > last,
    ticks: (log ? logTicks(scale.ticks(ticks), ticks) : scale.ticks(ticks)).filter((value) => !whole || Number.isInteger(value)).map((value) => ({ at: scale(value), label: formatNumber(value) })),
  }
}

/** The ends of an axis, with room around a single value. */
function endsOf(low: number, high: number, log: boolean): readonly [number, number] {
  const [from, to] = [low, high].map((end) => Math.min(huge, Math.max(log ? tiny : -huge, end))) as [number, number]
  if (log) return from === to ? [from / 2, to * 2] : [from, to]
  if (to - from >= tiny) return [from, to]
  const room = Math.abs(from) * 0.1
  return room < tiny ? [from - 1, from + 1] : [from - room, from + room]
}

/** A logarithmic scale offers 1, 2, 3, … of each decade; keeps what fits: all, then 1, 2 and 5, then each n-th power of ten. */
function logTicks(all: readonly number[], fitting: number): readonly number[] {
  const leading = (value: number): number => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9))
  if (all.length <= fitting) return all
  const some = all.filter((value) => [1, 2, 5].includes(leading(value)))
  if (some.length <= fitting) return some
  const powers = all.filter((value) => leading(value) === 1)
  const every = Math.ceil(powers.length / fitting)
  return powers.filter((_, index) => index % every === 0)
}

/**
 * The part of the values worth showing: everything, unless a few bad ones (a diverged training) would squash
 * the rest. Those lie beyond the axis then. Undefined if no value is finite.
 */
export function usefulRange(values: Iterable<number>, direction: Objective['direction']): Pick<NumberAxisOptions, 'low' | 'high' | 'log'> | undefined {
  const finite = Float64Array.from([...values].filter(Number.isFinite)).sort()
  const low = finite[0]
  const high = finite.at(-1)
  if (low === undefined || high === undefined) return undefined
  const log = low > 0 && high / low >= 1000
  const scaled = log ? Math.log : (value: number): number => value
  const unscaled = log ? Math.exp : (value: number): number => value
  const decile = Math.floor((finite.length - 1) * (direction === 'minimize' ? 0.9 : 0.1))
  const [best, usual, worst] = (direction === 'minimize' ? [low, finite[decile]!, high] : [high, finite[decile]!, low]).map(scaled) as [number, number, number]
  if (finite.length < 10 || usual === best || Math.abs(worst - best) < 4 * Math.abs(usual - best)) return { low, high, log }
  const bound = unscaled(usual + 0.25 * (usual - best))
  return direction === 'minimize' ? { low, high: bound, log } : { low: bound, high, log }
}
