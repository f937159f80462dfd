/** A model of one outcome over a space, fitted to finished trials. Lower predictions are better where the outcome is a loss. */
export interface Surrogate {
  /**
   * Predicts the noiseless outcome at `count` points.
   * @param units the points, row by row: coordinates by dimension, NaN where inactive
   * @param mean gets `count` means, in the units in which the model was fitted
   * @param variance gets `count` variances, above 0
   */
  predict(units: Float64Array, count: number, mean: Float64Array, variance: Float64Array): void
}
