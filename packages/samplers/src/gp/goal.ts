import type { Explanation, Json, Objective } from '@attune/core'
import type { Acquisition } from '../gaussian-process/acquisition.ts'
import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'

type Expectation = NonNullable<Explanation['predicted']>[number]

/** What the next point is searched by. */
export interface Goal {
  readonly acquisition: Acquisition
  /** Length-scale of each axis. */
  readonly lengths: Float64Array
  /** Good points as rows, the best first. */
  readonly incumbents: readonly Float64Array[]
  /** So many of the incumbents are climbed from. */
  readonly climbed: number
  /** Whether so little is known of a point that it is not worth climbing to; as if none was, if it is left out. */
  readonly isUnknown?: (point: Float64Array) => boolean
  readonly why: string
  /** What is expected of each objective at the point that was found; empty where the objectives are not modelled. */
  expect(found: Float64Array): readonly Expectation[]
  readonly note?: Json | undefined
}

/** What a model of one objective expects at a point, in the objective's own direction and unit. */
export function expectationOf({ metric, direction }: Objective, model: GaussianProcess, point: Float64Array, lossOf: (target: number) => number): Expectation {
  const mean = new Float64Array(1)
  const variance = new Float64Array(1)
  model.predict(point, 1, mean, variance)
  const target = mean[0] as number
  const deviation = Math.sqrt(variance[0] as number)
  return { metric, mean: (direction === 'maximize' ? -1 : 1) * lossOf(target), deviation: lossOf(target + deviation) / 2 - lossOf(target - deviation) / 2 }
}

/** Of each axis the shortest length-scale of some models. */
export function shortestLengths(models: readonly GaussianProcess[]): Float64Array {
  const [first] = models
  return new Float64Array(first?.layout.width ?? 0).map((_, axis) => 1 / models.reduce((most, { map }) => Math.max(most, map.roots[axis] as number), 0))
}
