import { AttuneError, type Dimension, type Explanation, type FlatParams, type Problem, type Random, type Sampler, type SamplerFactory, type SearchSpace, type SuggestContext, type Suggestion } from '@attune/core'
import { checkKnown } from '../known-options.ts'
import { AcceptedPoints, type Verdict } from './accepted-points.ts'
import { mostSobolDimensions } from './directions.ts'
import { Halton } from './halton.ts'
import { LatinHypercube } from './latin-hypercube.ts'
import type { Sequence } from './sequence.ts'
import { Sobol } from './sobol.ts'

/** Options of `quasiRandom`. */
export interface QuasiRandomOptions {
  /** `sobol` is even in all ways at once, best in powers of two; `halton` at any number of trials, in few dimensions; `latin-hypercube` is even along each parameter in every block. Default `sobol`. */
  readonly sequence?: 'sobol' | 'halton' | 'latin-hypercube'
  /** Scrambles the sequence by the study's seed, so that each point alone is uniform and seeds differ. Default true. */
  readonly scramble?: boolean
  /** Trials in each Latin hypercube; a whole number from 1. Only with `latin-hypercube`. Default 32. */
  readonly blockSize?: number
}

/** Points of a finite space up to so many are not repeated in a round. */
const mostRemembered = 4096

/**
 * Spreads trials over the space more evenly than chance does, whatever their results are: trial n is point n of a Sobol sequence
 * with Owen's scrambling, a Halton sequence, or blocks of Latin hypercubes, taken through the priors' quantiles.
 *
 * A suggestion depends on the seed and the trial's number alone, so parallel workers share a sequence without talking to each
 * other. Of conditional spaces the coordinates of what is inactive go unused. Points that break a constraint are left out: trial n is
 * the n-th that keeps them. In finite spaces of up to 4,096 points none comes twice before all came once, save such as the priors make too unlikely to come in 16 times as many draws as there are points. Beyond 1,111 dimensions
 * those of the Sobol sequence that come last are random.
 *
 * Throws OPTION for an option out of range.
 */
export function quasiRandom(options: QuasiRandomOptions = {}): SamplerFactory {
  checkKnown('quasiRandom', options, ['sequence', 'scramble', 'blockSize'])
  const { sequence = 'sobol', scramble = true, blockSize = 32 } = options
  if (!Object.hasOwn(explanations, sequence)) throw wrong('sequence', sequence, `one of ${Object.keys(explanations).join(', ')}`)
  if (typeof scramble !== 'boolean') throw wrong('scramble', scramble, 'true or false')
  if (!Number.isSafeInteger(blockSize) || blockSize < 1 || blockSize > 2 ** 20) throw wrong('blockSize', blockSize, 'a whole number from 1 to 1048576')
  if (options.blockSize !== undefined && sequence !== 'latin-hypercube') throw wrong('blockSize', blockSize, `nothing with the sequence '${sequence}': leave it out, or say sequence: 'latin-hypercube'`)
  const settings = { sequence, scramble, blockSize }
  return { specVersion: 'v1', id: 'quasi-random', revision: 1, create: (problem) => new QuasiRandomSampler(problem, settings) }
}

const why = 'It spreads the trials evenly over the space; results play no part.'
const explanations: { readonly [sequence in NonNullable<QuasiRandomOptions['sequence']>]: Explanation } = {
  sobol: Object.freeze({ model: 'Sobol sequence', why }),
  halton: Object.freeze({ model: 'Halton sequence', why }),
  'latin-hypercube': Object.freeze({ model: 'Latin hypercube', why }),
}

class QuasiRandomSampler implements Sampler {
  readonly #problem: Problem
  readonly #settings: Required<QuasiRandomOptions>
  #points: SpreadPoints | undefined

  constructor(problem: Problem, settings: Required<QuasiRandomOptions>) {
    this.#problem = problem
    this.#settings = settings
  }

  suggest(context: SuggestContext): Suggestion | Promise<Suggestion> {
    const { space } = this.#problem
    if (this.#points?.space !== space) {
      this.#points = new SpreadPoints(this.#problem, this.#settings)
      const { length } = space.dimensions
      if (this.#settings.sequence === 'sobol' && length > mostSobolDimensions) this.#problem.warn(`A Sobol sequence is known for ${mostSobolDimensions} dimensions, and the space has ${length}: the last ones are random.`)
    }
    const params = this.#points.at(context.turn ?? context.number)
    if (params === 'more') return this.#searchOn(context)
    // So few points keep the constraints that drawing must find one, or say which of them forbids most.
    return { params: params === 'none' ? space.sample(context.random) : params, explanation: explanations[this.#settings.sequence] }
  }

  /** Goes on where a part of the sequence did not reach; other work has its turn between the parts. Rejects when the signal aborts. */
  async #searchOn(context: SuggestContext): Promise<Suggestion> {
    await new Promise((resolve) => void setTimeout(resolve))
    context.signal.throwIfAborted()
    return this.suggest(context)
  }
}

/** The points of a sequence in one space. */
class SpreadPoints {
  readonly space: SearchSpace
  readonly #sequence: Sequence
  readonly #units: Float64Array
  /** Dimensions whose coordinate is not the quantile of their prior. */
  readonly #withPrior: readonly Dimension[]
  /** Undefined where every point is good. */
  readonly #accepted: AcceptedPoints | undefined
  #seen = new Set<string>()

  constructor({ space, random }: Problem, settings: Required<QuasiRandomOptions>) {
    this.space = space
    this.#sequence = sequenceOf(settings, space.dimensions.length, random)
    this.#units = new Float64Array(space.dimensions.length)
    this.#withPrior = space.dimensions.filter(({ hasPrior }) => hasPrior)
    const finite = space.size <= mostRemembered
    if (!finite && space.constraints.length === 0) return
    this.#accepted = new AcceptedPoints({
      judge: (index) => this.#judge(index, finite),
      longestRow: finite ? 64 + 16 * space.size : Infinity,
      beginRound: () => void (this.#seen = new Set()),
    })
  }

  /** The parameters of a trial, or as `AcceptedPoints.find`. */
  at(number: number): FlatParams | 'more' | 'none' {
    const index = this.#accepted === undefined ? number : this.#accepted.find(number)
    return typeof index === 'number' ? this.#point(index) : index
  }

  #point(index: number): FlatParams {
    const units = this.#units
    this.#sequence.point(index, units)
    for (const dimension of this.#withPrior) units[dimension.index] = dimension.encode(dimension.quantile(units[dimension.index] as number))
    return this.space.decode(units)
  }

  #judge(index: number, finite: boolean): Verdict {
    const params = this.#point(index)
    if (!(this.space.violation(params) <= 0)) return 'forbidden'
    if (!finite) return 'good'
    const key = JSON.stringify(params)
    if (this.#seen.has(key)) return 'repeated'
    this.#seen.add(key)
    return 'good'
  }
}

function sequenceOf({ sequence, scramble, blockSize }: Required<QuasiRandomOptions>, dimensions: number, random: Random): Sequence {
  const seed = scramble ? random.stream(-1, 'quasi-random').bits() : undefined
  if (sequence === 'latin-hypercube') return new LatinHypercube(dimensions, blockSize, scramble, random)
  if (sequence === 'halton') return new Halton(dimensions, seed)
  if (dimensions > mostSobolDimensions) return new PaddedSobol(dimensions, seed, random)
  // A space that is defined by running begins without any dimension.
  return new Sobol(Math.max(1, dimensions), seed)
}

/** A Sobol sequence with random coordinates for the dimensions that it does not have. */
class PaddedSobol implements Sequence {
  readonly #sobol: Sobol
  readonly #dimensions: number
  readonly #random: Random

  constructor(dimensions: number, seed: number | undefined, random: Random) {
    this.#sobol = new Sobol(mostSobolDimensions, seed)
    this.#dimensions = dimensions
    this.#random = random
  }

  point(index: number, out: Float64Array): void {
    this.#sobol.point(index, out)
    const random = this.#random.stream(index, 'quasi-random.rest')
    for (let dimension = mostSobolDimensions; dimension < this.#dimensions; dimension++) out[dimension] = random.uniform()
  }
}

function wrong(name: string, value: unknown, wanted: string): AttuneError {
  return new AttuneError('OPTION', `quasiRandom({ ${name} }) takes ${wanted}, not ${String(value)}.`, { details: { name, value } })
}
