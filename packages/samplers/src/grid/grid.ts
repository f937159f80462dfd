import { AttuneError, type Explanation, type SamplerFactory } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { GridSampler } from './grid-sampler.ts'
import { GridTree } from './grid-tree.ts'
import { type GridPoints, gridValues } from './grid-values.ts'

/** Options of `grid`. */
export interface GridOptions {
  /**
   * How many points to take of each number without a step, evenly on its scale with both ends; or by path how many
   * or which. `*` stands for one name: `{ learningRate: [1e-3, 1e-2], 'layers.*.dropout': 3 }`.
   * Parameters with a finite number of values give all of them unless they are named.
   */
  readonly points?: number | { readonly [path: string]: GridPoints }
  /** Visits the points in an order drawn from the study's seed, so that a study that is stopped early has seen a bit of everything. Default true. */
  readonly shuffle?: boolean
  /** Visits only this part of the grid, drawn at random; above 0, at most 1. Needs `shuffle`. Default 1. */
  readonly sample?: number
}

const explanation: Explanation = Object.freeze({ model: 'none', why: 'It is a point of the grid that no trial has had.' })

/**
 * Visits each point of a grid once: the full product of all values, in each branch of the space over what is active
 * there, without the points that break a constraint. A study that is resumed goes on with the points that no trial
 * has visited; when none is left the study ends.
 *
 * Throws UNSUPPORTED on creation of a study whose space is defined by running or has numbers without points, OPTION
 * for options out of range.
 */
export function grid(options: GridOptions = {}): SamplerFactory {
  checkKnown('grid', options, ['points', 'shuffle', 'sample'])
  const { points = {}, shuffle = true, sample = 1 } = options
  if (typeof points !== 'number' && (typeof points !== 'object' || points === null || Array.isArray(points))) throw new AttuneError('OPTION', `grid({ points }) takes a number, or numbers and lists of values by path, as in { rate: [0.1, 0.5] }, not ${JSON.stringify(points)}.`)
  if (!(sample > 0 && sample <= 1)) throw new AttuneError('OPTION', `grid({ sample }) takes a part of the grid, above 0 and at most 1, not ${String(sample)}.`, { details: { sample } })
  if (!shuffle && sample < 1) throw new AttuneError('OPTION', 'grid({ sample }) draws its part at random: leave out shuffle: false, or the sample.')
  return {
    specVersion: 'v1',
    id: 'grid',
    revision: 1,
    create(problem) {
      const { space } = problem
      if (space.dimensions.length === 0 || space.dimensions.some(({ dynamic }) => dynamic)) {
        throw new AttuneError('UNSUPPORTED', 'A grid needs to know the space beforehand, but this one is defined by running: pass createStudy({ space }), or use exhaustive(), random() or tpe().')
      }
      return new GridSampler(problem, new GridTree(space, gridValues(space, points)), { shuffle, sample, explanation, whole: 'grid' })
    },
  }
}
