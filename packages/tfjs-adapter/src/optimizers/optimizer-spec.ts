import { tfjsError } from '../error.ts'
import { ABOVE_0, AT_LEAST_0, checkSettings, numbers, type SettingRange, type SettingRanges } from '../setting-range.ts'

/** What every optimiser takes. */
export interface CommonOptimizerSettings {
  /** Above 0: the rate of every step, or what the schedule makes the rates of. */
  readonly learningRate: number
  /**
   * Coupled decay, an L2 penalty of l2/2·‖w‖²: `l2 · w` is added to the gradient, and so goes through whatever the optimiser does with
   * gradients. Default 0.
   */
  readonly l2?: number
  /**
   * Decoupled decay (Loshchilov and Hutter 2019): every step also takes `rate · weightDecay · w` from the weights, past the optimiser.
   * In LAMB it is part of the direction, before its length is set, as in the paper. Default 0; 0.004 for `adamw`.
   */
  readonly weightDecay?: number
  /** Whether both decays shrink biases and the weights of normalisations too. Default false. */
  readonly decayAll?: boolean
  /** What both decays leave alone besides: weights by name (`embeddings`) or key (`3/kernel`), layers by their place (`3`). Default none. */
  readonly decayExcept?: readonly string[]
}

/** Shares between 0 (included) and 1 of what Adam's averages keep at each step. */
export interface AdamSettings {
  /** Of the gradients; default 0.9. */
  readonly beta1?: number
  /** Of their squares; default 0.999. */
  readonly beta2?: number
  /** Added to the root of the averaged squares; default 1e-7. */
  readonly epsilon?: number
}

/** An optimiser as data, so that the parameters of a study can name it. Defaults are those of Keras 3. */
export type OptimizerSpec = CommonOptimizerSettings & OptimizerSettings

/** The settings of each optimiser of its own. */
export type OptimizerSettings =
  /** Gradient descent. With `momentum` above 0 (default 0) the same as `momentum`; with `nesterov` too, as `nesterov`. */
  | { readonly type: 'sgd'; readonly momentum?: number; readonly nesterov?: boolean }
  /** Heavy ball: v ← momentum·v + g, w ← w − rate·v; `momentum` (default 0.9) is at least 0 and below 1. */
  | { readonly type: 'momentum'; readonly momentum?: number }
  /** Nesterov's momentum (Sutskever et al. 2013): w ← w − rate·(g + momentum·v). */
  | { readonly type: 'nesterov'; readonly momentum?: number }
  /** Kingma and Ba 2015. */
  | ({ readonly type: 'adam' } & AdamSettings)
  /** Adam with decoupled decay (Loshchilov and Hutter 2019). */
  | ({ readonly type: 'adamw' } & AdamSettings)
  /** Adam with the largest gradient instead of the mean square (Kingma and Ba 2015, section 7.1). */
  | ({ readonly type: 'adamax' } & AdamSettings)
  /** Adam whose step is as long as the weight times the rate (You et al. 2020), for large batches. Weights without decay keep Adam's length. */
  | ({ readonly type: 'lamb' } & AdamSettings)
  /**
   * Tieleman and Hinton 2012. `rho` (default 0.9): share of the averaged squares kept; `momentum` (default 0); `centered` (default false):
   * by the variance of the gradient instead of its mean square; `epsilon` (default 1e-7) is added under the root.
   */
  | { readonly type: 'rmsprop'; readonly rho?: number; readonly momentum?: number; readonly epsilon?: number; readonly centered?: boolean }
  /** Duchi et al. 2011. `initialAccumulator` (default 0.1) ≥ 0: the sum of squares at the start; `epsilon` (default 1e-7) is added under the root. */
  | { readonly type: 'adagrad'; readonly initialAccumulator?: number; readonly epsilon?: number }
  /** The sign of an average (Chen et al. 2023): `beta1` (default 0.9) mixes the direction, `beta2` (default 0.99) the average. Rates are 3 to 10 times smaller than Adam's. */
  | { readonly type: 'lion'; readonly beta1?: number; readonly beta2?: number }

/** The name of an optimiser, as in a spec. */
export type OptimizerName = OptimizerSpec['type']

const FRACTION = numbers('a number of at least 0 and below 1', (value) => value >= 0 && value < 1)
const BOOLEAN: SettingRange = { holds: (value) => typeof value === 'boolean', text: 'true or false' }

const NAMES: SettingRange = { holds: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== ''), text: 'a list of names' }

const COMMON = { learningRate: { ...ABOVE_0, required: true }, l2: AT_LEAST_0, weightDecay: AT_LEAST_0, decayAll: BOOLEAN, decayExcept: NAMES }
const ADAM = { ...COMMON, beta1: FRACTION, beta2: FRACTION, epsilon: ABOVE_0 }
const SETTINGS: { readonly [type in OptimizerName]: SettingRanges } = {
  sgd: { ...COMMON, momentum: FRACTION, nesterov: BOOLEAN },
  momentum: { ...COMMON, momentum: FRACTION },
  nesterov: { ...COMMON, momentum: FRACTION },
  adam: ADAM,
  adamw: ADAM,
  adamax: ADAM,
  lamb: ADAM,
  rmsprop: { ...COMMON, rho: FRACTION, momentum: FRACTION, epsilon: ABOVE_0, centered: BOOLEAN },
  adagrad: { ...COMMON, initialAccumulator: AT_LEAST_0, epsilon: ABOVE_0 },
  lion: { ...COMMON, beta1: FRACTION, beta2: FRACTION },
}

/** @throws AttuneError `TFJS_OPTION` for an unknown type, an unknown setting, or one missing or out of range. */
export function checkOptimizerSpec(spec: OptimizerSpec): void {
  checkSettings('Optimizer', spec, SETTINGS, '; for others, return a tf.Optimizer from a function')
  if (spec.type === 'sgd' && spec.nesterov === true && spec.momentum === undefined) throw tfjsError('TFJS_OPTION', 'Optimizer: nesterov is a way to use a momentum, and there is none: give momentum, too, as in { type: "sgd", momentum: 0.9, nesterov: true, … }.')
}
