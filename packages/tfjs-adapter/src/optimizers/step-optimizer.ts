import type { Tensor, Variable } from '../tensorflow.ts'

/** A weight that an optimiser changes. */
export interface TrainableWeight {
  /** The same in every process and for every attempt, since state is saved under it: position of the layer and name of the weight, as in `3/kernel`. */
  readonly key: string
  readonly variable: Variable
  /** Multiplies the step's learning rate: below 1 for layers that should move less (discriminative rates). */
  readonly rateScale: number
  /** Whether weight decay shrinks it; biases and the weights of normalisations are usually left out. */
  readonly decay: boolean
}

/** What an optimiser keeps between steps: `slot` is what it accumulates (`momentum`, `velocity`), `key` for which weight. */
export interface OptimizerState {
  readonly id: string
  /** Steps done, by key of weight: one that thaws late has done fewer, and its bias correction begins when it does. */
  readonly steps: { readonly [key: string]: number }
  readonly slots: readonly { readonly slot: string; readonly key: string; readonly tensor: Tensor }[]
}

/** Changes weights by their gradients, one step at a time, at the rate that it is told. */
export interface StepOptimizer {
  /** As in the spec: `adamw`. State is restored only into an optimiser of the same id. */
  readonly id: string
  /**
   * One step. A weight that has no gradient in it stays, with its slots. Neither `weights` nor `gradients` are kept or disposed of;
   * nothing else is left in memory but the slots and a few numbers.
   */
  apply(weights: readonly TrainableWeight[], gradients: { readonly [key: string]: Tensor }, rate: number): void
  /** The tensors stay the optimiser's: encode them, do not dispose of them. */
  state(): OptimizerState
  /** Takes copies. Returns false, and changes nothing, if the state is another optimiser's. */
  restore(state: OptimizerState): boolean
  dispose(): void
}
