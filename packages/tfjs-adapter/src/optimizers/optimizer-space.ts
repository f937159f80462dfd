import { float, logNormal, normal, type NumberLeaf, type OneOf } from '@attune/core'
import { chosenBranches } from '../chosen-branches.ts'
import type { OptimizerName } from './optimizer-spec.ts'

// Aliases, since an interface has no index signature, and so is no definition of a space.

type Rate = { readonly learningRate: NumberLeaf }
type RateAndMomentum = Rate & { readonly momentum: NumberLeaf }
type RateAndDecay = Rate & { readonly weightDecay: NumberLeaf }

/** What of each optimiser is worth tuning; the rest keeps its default. */
export type OptimizerBranches = {
  readonly sgd: Rate
  readonly momentum: RateAndMomentum
  readonly nesterov: RateAndMomentum
  readonly adam: Rate
  readonly adamw: RateAndDecay
  readonly adamax: Rate
  readonly rmsprop: RateAndMomentum
  readonly adagrad: Rate
  readonly lamb: RateAndDecay
  readonly lion: RateAndDecay
}

/** Options of `optimizerSpace`. */
export interface OptimizerSpaceOptions<N extends OptimizerName> {
  /** Which are searched; default all. */
  readonly optimizers?: readonly N[]
  /**
   * One rate for all: a single parameter, learned together, as far as optimisers can share one. By default each has its own, about the rate at
   * which it usually works.
   */
  readonly learningRate?: NumberLeaf
}

/** A rate on a logarithmic scale; two in three draws are within a factor of 4.5 of `usual`. */
function rate(low: number, usual: number, high: number): NumberLeaf {
  return float(low, high, { scale: 'log', prior: logNormal(Math.log(usual), 1.5) })
}

/**
 * Optimisers as branches, to be spread into a space of one's own: `{ ...optimizerSpace({ optimizers: ['momentum', 'adamw'] }), units: int(8, 64) }`. The parameter
 * `optimizer` is a whole `OptimizerSpec`, so the trainer takes it as it is: `optimizer: ({ optimizer }) => optimizer`.
 * @throws AttuneError `TFJS_OPTION` for a name that is no optimiser's.
 */
export function optimizerSpace<const N extends OptimizerName = OptimizerName>(options: OptimizerSpaceOptions<N> = {}): { readonly optimizer: OneOf<Pick<OptimizerBranches, N>> } {
  const { learningRate } = options
  const momentum = float(0.5, 0.99, { prior: normal(0.9, 0.1) })
  const weightDecay = float(1e-4, 1, { scale: 'log', prior: logNormal(Math.log(0.02), 1.5) })
  const branches: OptimizerBranches = {
    sgd: { learningRate: learningRate ?? rate(1e-3, 0.05, 1) },
    momentum: { learningRate: learningRate ?? rate(1e-4, 0.01, 0.3), momentum },
    nesterov: { learningRate: learningRate ?? rate(1e-4, 0.01, 0.3), momentum },
    adam: { learningRate: learningRate ?? rate(1e-5, 1e-3, 0.1) },
    adamw: { learningRate: learningRate ?? rate(1e-5, 1e-3, 0.1), weightDecay },
    adamax: { learningRate: learningRate ?? rate(1e-5, 2e-3, 0.1) },
    rmsprop: { learningRate: learningRate ?? rate(1e-5, 1e-3, 0.1), momentum: float(0, 0.95) },
    adagrad: { learningRate: learningRate ?? rate(1e-3, 0.05, 1) },
    lamb: { learningRate: learningRate ?? rate(1e-4, 0.01, 0.1), weightDecay },
    // A rate 3 to 10 times smaller than Adam's, and so a decay that much larger (Chen et al. 2023, section 5).
    lion: { learningRate: learningRate ?? rate(1e-6, 2e-4, 0.01), weightDecay: float(1e-3, 3, { scale: 'log', prior: logNormal(Math.log(0.1), 1.5) }) },
  }
  return { optimizer: chosenBranches('optimizerSpace', branches, options.optimizers) as OneOf<Pick<OptimizerBranches, N>> }
}
