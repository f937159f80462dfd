/** Correlation as a function of the weighted squared distance: Matérn with ν = 5/2 or 3/2, or the squared exponential. */
export type KernelName = 'matern52' | 'matern32' | 'rbf'

const root3 = Math.sqrt(3)
const root5 = Math.sqrt(5)

/*
 * Math.exp may differ by a unit in the last place between JavaScript engines. It is what a fit spends its time on, and a fit is rounded in
 * the note, so the last place is not kept the same here.
 */

/** Correlations at `count` squared distances, from `offset`. In place. */
export function correlate(kernel: KernelName, squared: Float64Array, offset: number, count: number): void {
  const end = offset + count
  if (kernel === 'matern52') {
    for (let i = offset; i < end; i++) {
      const s = squared[i] as number
      const r = root5 * Math.sqrt(s)
      squared[i] = (1 + r + (5 / 3) * s) * Math.exp(-r)
    }
  } else if (kernel === 'matern32') {
    for (let i = offset; i < end; i++) {
      const r = root3 * Math.sqrt(squared[i] as number)
      squared[i] = (1 + r) * Math.exp(-r)
    }
  } else for (let i = offset; i < end; i++) squared[i] = Math.exp(-0.5 * (squared[i] as number))
}

/** The same, with derivatives by the squared distance into `slopes`. */
export function correlateWithSlopes(kernel: KernelName, squared: Float64Array, slopes: Float64Array, offset: number, count: number): void {
  const end = offset + count
  if (kernel === 'matern52') {
    for (let i = offset; i < end; i++) {
      const s = squared[i] as number
      const r = root5 * Math.sqrt(s)
      const e = Math.exp(-r)
      squared[i] = (1 + r + (5 / 3) * s) * e
      slopes[i] = (-5 / 6) * (1 + r) * e
    }
  } else if (kernel === 'matern32') {
    for (let i = offset; i < end; i++) {
      const r = root3 * Math.sqrt(squared[i] as number)
      const e = Math.exp(-r)
      squared[i] = (1 + r) * e
      slopes[i] = -1.5 * e
    }
  } else {
    for (let i = offset; i < end; i++) {
      const e = Math.exp(-0.5 * (squared[i] as number))
      squared[i] = e
      slopes[i] = -0.5 * e
    }
  }
}
