import type { RandomStream } from '@attune/core'
import type { Points } from '../model/points.ts'
import type { Acquisition } from '../gaussian-process/acquisition.ts'
import { addMutants, addSpread, Candidates } from './candidates.ts'
import { everyPoint } from './every-point.ts'
import type { LocalSearch } from './local-search.ts'
import { writePoint } from './latent.ts'
import type { Taken } from './taken.ts'
import type { Region } from './trust-region.ts'

const spreadPoints = 1000
const rouletteStarts = 4
const mutants = 150
/** Where fewer of the spread points keep the constraints of the space, changed copies of the incumbents help. */
const fewPoints = 100
const valuedAtOnce = 256

/** A space of fewer points than this is searched whole. */
const smallSpace = 2000
const smallPart = 500

export interface SearchTask {
  readonly points: Points
  readonly acquisition: Acquisition
  readonly localSearch: LocalSearch
  readonly taken: Taken
  /** Good latent rows, the best first. */
  readonly incumbents: readonly Float64Array[]
  /** So many of them are climbed from. */
  readonly climbed: number
  /** Where the model knows so little that a climb follows nothing but its ignorance, which is greatest in the corners of the space. */
  readonly isUnknown: ((point: Float64Array) => boolean) | undefined
  /** True if changed copies of the incumbents are candidates too, as they are anyway where others are few. */
  readonly mutate: boolean
  /** Where candidates lie, if not everywhere. */
  readonly region: Region | undefined
  readonly random: RandomStream
}

/** The point where an acquisition is highest as far as was found, that is not taken; undefined if none was found. Yields where other work may have its turn. */
export function* search(task: SearchTask): Generator<void, Float64Array | undefined, undefined> {
  const { points, acquisition, taken } = task
  if (points.space.size < smallSpace) return yield* searchWhole(task)
  const { width } = points
  const candidates = new Candidates(points, spreadPoints + mutants + 1)
  const finite = points.space.size < Infinity
  const refuse = finite ? (units: Float64Array, offset: number): boolean => taken.has(units, offset) : undefined
  addSpread(candidates, points, spreadPoints, task.random, refuse, task.region)
  if ((task.mutate || candidates.length < fewPoints) && task.incumbents.length > 0) addMutants(candidates, points, task.incumbents, mutants, task.random, refuse)
  const values = new Float64Array(candidates.length)
  for (let first = 0; first < candidates.length; first += valuedAtOnce) {
    const count = Math.min(valuedAtOnce, candidates.length - first)
    acquisition.values(candidates.units.subarray(first * width), count, values.subarray(first))
    yield
  }
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => (values[b] as number) - (values[a] as number) || a - b)
  const starts = startsOf(candidates, values, order, task.random)
  for (const one of task.incumbents.slice(0, task.climbed)) starts.push(one.slice())
  let best: Float64Array | undefined
  let highest = -Infinity
  for (const latent of starts) {
    const value = task.localSearch.climb(latent, highest, task.random)
    yield
    if (!(value > highest)) continue
    const units = new Float64Array(width)
    writePoint(points, latent, 0, units, 0)
    if (!points.allows(units, 0) || taken.has(units, 0)) continue
    best = units
    highest = value
  }
  if (best !== undefined && task.isUnknown?.(best) !== true) return best
  for (const index of order) if (!taken.has(candidates.units, index * width)) return candidates.unitsAt(index)
  return best
}

/** The best candidate, and others by roulette: the likelier the higher. */
function startsOf(candidates: Candidates, values: Float64Array, order: Int32Array, random: RandomStream): Float64Array[] {
  const starts: Float64Array[] = []
  const first = order[0]
  if (first === undefined) return starts
  starts.push(candidates.latentAt(first).slice())
  const weights = values.map((value) => Math.exp(value - (values[first] as number)))
  weights[first] = 0
  for (let start = 0; start < rouletteStarts; start++) {
    let rest = random.uniform() * weights.reduce((sum, one) => sum + one, 0)
    let chosen = -1
    for (let i = 0; i < weights.length && rest >= 0; i++) {
      if (!((weights[i] as number) > 0)) continue
      chosen = i
      rest -= weights[i] as number
    }
    if (chosen < 0) break
    starts.push(candidates.latentAt(chosen).slice())
    weights[chosen] = 0
  }
  return starts
}

function* searchWhole({ points, acquisition, taken }: SearchTask): Generator<void, Float64Array | undefined, undefined> {
  const rows: number[] = []
  for (const row of everyPoint(points)) if (!taken.has(row, 0) && points.allows(row, 0)) rows.push(...row)
  const count = rows.length / points.width
  const units = Float64Array.from(rows)
  const values = new Float64Array(count)
  for (let from = 0; from < count; from += smallPart) {
    acquisition.values(units.subarray(from * points.width), Math.min(smallPart, count - from), values.subarray(from))
    yield
  }
  let best = -1
  for (let i = 0; i < count; i++) if (best < 0 || (values[i] as number) > (values[best] as number)) best = i
  return best < 0 ? undefined : units.subarray(best * points.width, (best + 1) * points.width)
}
