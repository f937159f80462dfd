import type { Acquisition } from '../gaussian-process/acquisition.ts'
import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import type { Boxes } from './boxes.ts'
import { LogEhvi } from './log-ehvi.ts'

interface Predictions {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** log expected hypervolume improvement under one Gaussian process for each objective. */
export class EhviAcquisition implements Acquisition {
  readonly #models: readonly GaussianProcess[]
  readonly #ehvi: LogEhvi
  readonly #means: Float64Array
  readonly #variances: Float64Array
  readonly #byMeans: Float64Array
  readonly #byVariances: Float64Array
  readonly #prediction = new Float64Array(2)
  #slopesOfMeans: readonly Float64Array[] = []
  #slopesOfVariances: readonly Float64Array[] = []
  #batch: readonly Predictions[] = []

  /** @param models one for each objective, of losses on the scale of the boxes */
  constructor(models: readonly GaussianProcess[], boxes: Boxes) {
    this.#models = models
    this.#ehvi = new LogEhvi(boxes)
    this.#means = new Float64Array(models.length)
    this.#variances = new Float64Array(models.length)
    this.#byMeans = new Float64Array(models.length)
    this.#byVariances = new Float64Array(models.length)
  }

  values(units: Float64Array, count: number, out: Float64Array): void {
    if ((this.#batch[0]?.mean.length ?? 0) < count) this.#batch = this.#models.map(() => ({ mean: new Float64Array(count), variance: new Float64Array(count) }))
    for (const [objective, model] of this.#models.entries()) {
      const { mean, variance } = this.#batch[objective] as Predictions
      model.predict(units, count, mean, variance)
    }
    for (let i = 0; i < count; i++) {
      for (const [objective, { mean, variance }] of this.#batch.entries()) {
        this.#means[objective] = mean[i] as number
        this.#variances[objective] = variance[i] as number
      }
      out[i] = this.#ehvi.value(this.#means, this.#variances)
    }
  }

  valueWithSlopes(units: Float64Array, offset: number, slopes: Float64Array): number {
    const width = slopes.length
    if (this.#slopesOfMeans[0]?.length !== width) {
      this.#slopesOfMeans = this.#models.map(() => new Float64Array(width))
      this.#slopesOfVariances = this.#models.map(() => new Float64Array(width))
    }
    for (const [objective, model] of this.#models.entries()) {
      model.predictWithSlopes(units, offset, this.#prediction, this.#slopesOfMeans[objective] as Float64Array, this.#slopesOfVariances[objective] as Float64Array)
      this.#means[objective] = this.#prediction[0] as number
      this.#variances[objective] = this.#prediction[1] as number
    }
    const value = this.#ehvi.value(this.#means, this.#variances, this.#byMeans, this.#byVariances)
    slopes.fill(0)
    for (let objective = 0; objective < this.#models.length; objective++) {
      const byMean = this.#byMeans[objective] as number
      const byVariance = this.#byVariances[objective] as number
      for (let axis = 0; axis < width; axis++) {
        slopes[axis] = (slopes[axis] as number) + byMean * (this.#slopesOfMeans[objective]?.[axis] as number) + byVariance * (this.#slopesOfVariances[objective]?.[axis] as number)
      }
    }
    return value
  }
}
