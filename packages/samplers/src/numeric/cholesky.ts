/*
 * Cholesky factors in place, in the lower triangle of a square matrix: row i begins at i × stride. The upper triangle is not read.
 * A row depends on the rows before it alone, and is computed by the same operations whether it is added to a factor or part of a whole
 * one: a factor that grew is the factor, bit by bit. Four columns at a time share what is loaded.
 */

/** Factors rows `from` to `to`, of which those before are factored already. False if the matrix is not positive definite; then the row is spoilt. */
export function factorRows(matrix: Float64Array, stride: number, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const row = i * stride
    solveRow(matrix, stride, row, i)
    let rest = matrix[row + i] as number
    for (let k = 0; k < i; k++) rest -= (matrix[row + k] as number) * (matrix[row + k] as number)
    if (!(rest > 0 && rest < Infinity)) return false
    matrix[row + i] = Math.sqrt(rest)
  }
  return true
}

/** Solves L x = b in place, where b are the first `length` numbers from `row`, of the same array as the factor. */
function solveRow(matrix: Float64Array, stride: number, row: number, length: number): void {
  let j = 0
  for (; j + 4 <= length; j += 4) {
    const at = row + j
    const r0 = j * stride
    const r1 = r0 + stride
    const r2 = r1 + stride
    const r3 = r2 + stride
    let s0 = matrix[at] as number
    let s1 = matrix[at + 1] as number
    let s2 = matrix[at + 2] as number
    let s3 = matrix[at + 3] as number
    for (let k = 0; k < j; k++) {
      const x = matrix[row + k] as number
      s0 -= x * (matrix[r0 + k] as number)
      s1 -= x * (matrix[r1 + k] as number)
      s2 -= x * (matrix[r2 + k] as number)
      s3 -= x * (matrix[r3 + k] as number)
    }
    s0 /= matrix[r0 + j] as number
    s1 = (s1 - s0 * (matrix[r1 + j] as number)) / (matrix[r1 + j + 1] as number)
    s2 = (s2 - s0 * (matrix[r2 + j] as number) - s1 * (matrix[r2 + j + 1] as number)) / (matrix[r2 + j + 2] as number)
    s3 = (s3 - s0 * (matrix[r3 + j] as number) - s1 * (matrix[r3 + j + 1] as number) - s2 * (matrix[r3 + j + 2] as number)) / (matrix[r3 + j + 3] as number)
    matrix[at] = s0
    matrix[at + 1] = s1
    matrix[at + 2] = s2
    matrix[at + 3] = s3
  }
  for (; j < length; j++) {
    const r = j * stride
    let s = matrix[row + j] as number
    for (let k = 0; k < j; k++) s -= (matrix[row + k] as number) * (matrix[r + k] as number)
    matrix[row + j] = s / (matrix[r + j] as number)
  }
}

/** Solves L x = b in place for four right sides at once, interleaved: number i of side c is at 4 i + c. */
export function solveForwardFour(factor: Float64Array, stride: number, length: number, sides: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const row = i * stride
    const at = 4 * i
    let s0 = sides[at] as number
    let s1 = sides[at + 1] as number
    let s2 = sides[at + 2] as number
    let s3 = sides[at + 3] as number
    for (let k = 0, from = 0; k < i; k++, from += 4) {
      const x = factor[row + k] as number
      s0 -= x * (sides[from] as number)
      s1 -= x * (sides[from + 1] as number)
      s2 -= x * (sides[from + 2] as number)
      s3 -= x * (sides[from + 3] as number)
    }
    const pivot = 1 / (factor[row + i] as number)
    sides[at] = s0 * pivot
    sides[at + 1] = s1 * pivot
    sides[at + 2] = s2 * pivot
    sides[at + 3] = s3 * pivot
  }
}

/** Solves L x = b in place. */
export function solveForward(factor: Float64Array, stride: number, length: number, side: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const row = i * stride
    let s0 = side[i] as number
    let s1 = 0
    let s2 = 0
    let s3 = 0
    let k = 0
    for (; k + 4 <= i; k += 4) {
      s0 -= (factor[row + k] as number) * (side[k] as number)
      s1 -= (factor[row + k + 1] as number) * (side[k + 1] as number)
      s2 -= (factor[row + k + 2] as number) * (side[k + 2] as number)
      s3 -= (factor[row + k + 3] as number) * (side[k + 3] as number)
    }
    for (; k < i; k++) s0 -= (factor[row + k] as number) * (side[k] as number)
    side[i] = (s0 + s1 + (s2 + s3)) / (factor[row + i] as number)
  }
}

/** Solves Lᵀ x = b in place. */
export function solveBackward(factor: Float64Array, stride: number, length: number, side: Float64Array): void {
  for (let i = length - 1; i >= 0; i--) {
    const row = i * stride
    const x = (side[i] as number) / (factor[row + i] as number)
    side[i] = x
    for (let k = 0; k < i; k++) side[k] = (side[k] as number) - x * (factor[row + k] as number)
  }
}

/** The inverse of L, lower triangular too, into `inverse` with the same stride. */
export function invertFactor(factor: Float64Array, stride: number, length: number, inverse: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const row = i * stride
    const pivot = 1 / (factor[row + i] as number)
    for (let j = 0; j < i; j++) inverse[row + j] = 0
    let k = 0
    for (; k + 4 <= i; k += 4) {
      const r0 = k * stride
      const r1 = r0 + stride
      const r2 = r1 + stride
      const r3 = r2 + stride
      const l0 = factor[row + k] as number
      const l1 = factor[row + k + 1] as number
      const l2 = factor[row + k + 2] as number
      const l3 = factor[row + k + 3] as number
      for (let j = 0; j <= k; j++) {
        inverse[row + j] = (inverse[row + j] as number) - l0 * (inverse[r0 + j] as number) - l1 * (inverse[r1 + j] as number) - l2 * (inverse[r2 + j] as number) - l3 * (inverse[r3 + j] as number)
      }
      // Above their diagonals the rows are not defined.
      inverse[row + k + 1] = (inverse[row + k + 1] as number) - l1 * (inverse[r1 + k + 1] as number) - l2 * (inverse[r2 + k + 1] as number) - l3 * (inverse[r3 + k + 1] as number)
      inverse[row + k + 2] = (inverse[row + k + 2] as number) - l2 * (inverse[r2 + k + 2] as number) - l3 * (inverse[r3 + k + 2] as number)
      inverse[row + k + 3] = (inverse[row + k + 3] as number) - l3 * (inverse[r3 + k + 3] as number)
    }
    for (; k < i; k++) {
      const r = k * stride
      const l = factor[row + k] as number
      for (let j = 0; j <= k; j++) inverse[row + j] = (inverse[row + j] as number) - l * (inverse[r + j] as number)
    }
    for (let j = 0; j < i; j++) inverse[row + j] = (inverse[row + j] as number) * pivot
    inverse[row + i] = pivot
  }
}

/** The lower triangle of (L Lᵀ)⁻¹ from the inverse of L, into `out` with the same stride. */
export function multiplyTransposed(inverse: Float64Array, stride: number, length: number, out: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const row = i * stride
    for (let j = 0; j <= i; j++) out[row + j] = 0
    let k = i
    for (; k + 4 <= length; k += 4) {
      const r0 = k * stride
      const r1 = r0 + stride
      const r2 = r1 + stride
      const r3 = r2 + stride
      const x0 = inverse[r0 + i] as number
      const x1 = inverse[r1 + i] as number
      const x2 = inverse[r2 + i] as number
      const x3 = inverse[r3 + i] as number
      for (let j = 0; j <= i; j++) {
        out[row + j] = (out[row + j] as number) + x0 * (inverse[r0 + j] as number) + x1 * (inverse[r1 + j] as number) + x2 * (inverse[r2 + j] as number) + x3 * (inverse[r3 + j] as number)
      }
    }
    for (; k < length; k++) {
      const r = k * stride
      const x = inverse[r + i] as number
      for (let j = 0; j <= i; j++) out[row + j] = (out[row + j] as number) + x * (inverse[r + j] as number)
    }
  }
}
