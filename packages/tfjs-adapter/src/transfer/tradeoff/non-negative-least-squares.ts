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
  let theta = new Float64Array(size)
  let explained = 0
  for (let support = 1; support < 1 << size; support++) {
    const columns = Array.from({ length: size }, (_, i) => i).filter((i) => (support >> i) & 1)
    const solution = solve(columns, gram, right, size)
    if (solution === undefined || solution.some((value) => value < 0)) continue
    // At a solution of the normal equations, what is explained is θᵀXᵀy.
    const gain = solution.reduce((sum, value, i) => sum + value * right[columns[i]!]!, 0)
    if (gain <= explained) continue
    explained = gain
    theta = new Float64Array(size)
    for (const [i, column] of columns.entries()) theta[column] = solution[i]!
  }
  return { theta, rest: Math.max(0, total - explained) }
}

/** Solves the normal equations of some columns by Cholesky's decomposition; undefined if they depend on each other. */
function solve(columns: readonly number[], gram: Float64Array, right: Float64Array, size: number): number[] | undefined {
  const lower: number[][] = []
  const forward: number[] = []
  for (const [i, row] of columns.entries()) {
    const line: number[] = []
    for (let j = 0; j < i; j++) {
      let sum = gram[row * size + columns[j]!]!
      for (let m = 0; m < j; m++) sum -= line[m]! * lower[j]![m]!
      line.push(sum / lower[j]![j]!)
    }
    const own = gram[row * size + row]!
    const pivot = line.reduce((sum, value) => sum - value * value, own)
    if (!(pivot > singular * own)) return undefined
    line.push(Math.sqrt(pivot))
    lower.push(line)
    forward.push(line.slice(0, i).reduce((sum, value, m) => sum - value * forward[m]!, right[row]!) / line[i]!)
  }
  const theta = Array.from<number>({ length: columns.length })
  for (let i = columns.length - 1; i >= 0; i--) {
    let sum = forward[i]!
    for (let m = i + 1; m < columns.length; m++) sum -= lower[m]![i]! * theta[m]!
    theta[i] = sum / lower[i]![i]!
  }
  return theta
}
