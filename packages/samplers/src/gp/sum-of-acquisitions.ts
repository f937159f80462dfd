import type { Acquisition } from '../gaussian-process/acquisition.ts'

/** The sum of acquisitions. */
export class SumOfAcquisitions implements Acquisition {
  readonly #parts: readonly Acquisition[]
  #values = new Float64Array(0)
  #slopes = new Float64Array(0)

  constructor(parts: readonly Acquisition[]) {
    this.#parts = parts
  }

  values(units: Float64Array, count: number, out: Float64Array): void {
    if (this.#values.length < count) this.#values = new Float64Array(count)
    out.fill(0, 0, count)
    for (const part of this.#parts) {
      part.values(units, count, this.#values)
      for (let i = 0; i < count; i++) out[i] = (out[i] as number) + (this.#values[i] as number)
    }
  }

  valueWithSlopes(units: Float64Array, offset: number, slopes: Float64Array): number {
    if (this.#slopes.length !== slopes.length) this.#slopes = new Float64Array(slopes.length)
    slopes.fill(0)
    let value = 0
    for (const part of this.#parts) {
      value += part.valueWithSlopes(units, offset, this.#slopes)
      for (let i = 0; i < slopes.length; i++) slopes[i] = (slopes[i] as number) + (this.#slopes[i] as number)
    }
    return value
  }
}
