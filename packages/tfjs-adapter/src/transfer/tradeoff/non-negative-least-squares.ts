/** A least-squares problem min ‖y − Xθ‖² by its products: XᵀX row by row, Xᵀy, yᵀy. */
export interface NormalEquations {
  readonly size: number
  readonly gram: Float64Array
  readonly right: Float64Array
  readonly total: number
}

export interface NonNegativeSolution {
  readonly theta: Float64Array
  /** ‖y − Xθ‖². */
  readonly rest: number
}

/** A pivot smaller than this share of its column means that the column is a sum of others. */
const singular = 1e-13

/**
 * min ‖y − Xθ‖² over θ ≥ 0, for at most a handful of columns: the solution of every set of columns is tried, and the best
 * that has no negative part is the optimum (it solves the normal equations of its own support).
 */
export function nonNegativeLeastSquares({ size, gram, right, total }: NormalEquations): NonNegativeSolution {
  const theta = new Float64Array(size)
  const work = { columns: new Int32Array(size), lower: new Float64Array(size * size), solution: new Float64Array(size) }
  let explained = 0
  for (let support = 1; support < 1 << size; support++) {
    let count = 0
    for (let i = 0; i < size; i++) if ((support >> i) & 1) work.columns[count++] = i
    if (!solve(work, count, gram, right, size)) continue
    // At a solution of the normal equations, what is explained is θᵀXᵀy.
    let gain = 0
    for (let i = 0; i < count; i++) gain = work.solution[i]! < 0 ? NaN : gain + work.solution[i]! * right[work.columns[i]!]!
    if (!(gain > explained)) continue
    explained = gain
    theta.fill(0)
    for (let i = 0; i < count; i++) theta[work.columns[i]!] = work.solution[i]!
  }
  return { theta, rest: Math.max(0, total - explained) }
}

/** Made once for all sets: a fit solves tens of thousands of these. */
interface Work {
  readonly columns: Int32Array
  readonly lower: Float64Array
  readonly solution: Float64Array
}

/** Solves the normal equations of the first `count` columns by Cholesky's decomposition; false if they depend on each other. */
function solve({ columns, lower, solution }: Work, count: number, gram: Float64Array, right: Float64Array, size: number): boolean {
  for (let i = 0; i < count; i++) {
    const row = columns[i]! * size
    const own = gram[row + columns[i]!]!
    let [pivot, rest] = [own, right[columns[i]!]!]
    for (let j = 0; j < i; j++) {
      let sum = gram[row + columns[j]!]!
      for (let m = 0; m < j; m++) sum -= lower[i * size + m]! * lower[j * size + m]!
      const part = sum / lower[j * size + j]!
      lower[i * size + j] = part
      pivot -= part * part
      rest -= part * solution[j]!
    }
    if (!(pivot > singular * own)) return false
    lower[i * size + i] = Math.sqrt(pivot)
    solution[i] = rest / lower[i * size + i]!
  }
  for (let i = count - 1; i >= 0; i--) {
    let sum = solution[i]!
    for (let m = i + 1; m < count; m++) sum -= lower[m * size + i]! * solution[m]!
    solution[i] = sum / lower[i * size + i]!
  }
  return true
}
