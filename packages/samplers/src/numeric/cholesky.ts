/*
 * Cholesky factors in place, in the lower triangle of a square matrix: row i begins at i × stride. The upper triangle is not read.
 * A row depends on the rows before it alone, and is computed by the same operations whether it is added to a factor or part of a whole
 * one: a factor that grew is the factor, bit by bit. Rows and columns are taken
 * together, two and four at a time, so that they share what is loaded; the sums are formed in one order all the same.
 */

/** Factors rows `from` to `to`, of which those before are factored already. False if the matrix is not positive definite; then rows are spoilt. */
export function factorRows(matrix: Float64Array, stride: number, from: number, to: number): boolean {
  let i = from
  for (; i + 2 <= to; i += 2) {
    solveTwoRows(matrix, stride, i * stride, i)
    if (!finishRow(matrix, stride, i, i) || !finishRow(matrix, stride, i + 1, i)) return false
  }
  if (i === to) return true
  return finishRow(matrix, stride, i, 0)
}

/** Solves for the columns from `solved` on of one row, and for its diagonal. */
function finishRow(matrix: Float64Array, stride: number, i: number, solved: number): boolean {
  const row = i * stride
  for (let j = solved; j < i; j++) {
    const r = j * stride
    let s = matrix[row + j] as number
    for (let k = 0; k < j; k++) s -= (matrix[row + k] as number) * (matrix[r + k] as number)
    matrix[row + j] = s / (matrix[r + j] as number)
  }
  let rest = matrix[row + i] as number
  for (let k = 0; k < i; k++) rest -= (matrix[row + k] as number) * (matrix[row + k] as number)
  if (!(rest > 0 && rest < Infinity)) return false
  matrix[row + i] = Math.sqrt(rest)
  return true
}

/** Solves L x = b for two rows at once, of which the first begins at `row`; `length` columns. */
function solveTwoRows(matrix: Float64Array, stride: number, row: number, length: number): void {
  const other = row + stride
  let j = 0
  for (; j + 4 <= length; j += 4) {
    const r0 = j * stride
    const r1 = r0 + stride
    const r2 = r1 + stride
    const r3 = r2 + stride
    let s0 = matrix[row + j] as number
    let s1 = matrix[row + j + 1] as number
    let s2 = matrix[row + j + 2] as number
    let s3 = matrix[row + j + 3] as number
    let t0 = matrix[other + j] as number
    let t1 = matrix[other + j + 1] as number
    let t2 = matrix[other + j + 2] as number
    let t3 = matrix[other + j + 3] as number
    for (let k = 0; k < j; k++) {
      const x = matrix[row + k] as number
      const y = matrix[other + k] as number
      const l0 = matrix[r0 + k] as number
      const l1 = matrix[r1 + k] as number
      const l2 = matrix[r2 + k] as number
      const l3 = matrix[r3 + k] as number
      s0 -= x * l0
      s1 -= x * l1
      s2 -= x * l2
      s3 -= x * l3
      t0 -= y * l0
      t1 -= y * l1
      t2 -= y * l2
      t3 -= y * l3
    }
    const l10 = matrix[r1 + j] as number
    const l20 = matrix[r2 + j] as number
    const l21 = matrix[r2 + j + 1] as number
    const l30 = matrix[r3 + j] as number
    const l31 = matrix[r3 + j + 1] as number
    const l32 = matrix[r3 + j + 2] as number
    s0 /= matrix[r0 + j] as number
    t0 /= matrix[r0 + j] as number
    s1 = (s1 - s0 * l10) / (matrix[r1 + j + 1] as number)
    t1 = (t1 - t0 * l10) / (matrix[r1 + j + 1] as number)
    s2 = (s2 - s0 * l20 - s1 * l21) / (matrix[r2 + j + 2] as number)
    t2 = (t2 - t0 * l20 - t1 * l21) / (matrix[r2 + j + 2] as number)
    s3 = (s3 - s0 * l30 - s1 * l31 - s2 * l32) / (matrix[r3 + j + 3] as number)
    t3 = (t3 - t0 * l30 - t1 * l31 - t2 * l32) / (matrix[r3 + j + 3] as number)
    matrix[row + j] = s0
    matrix[row + j + 1] = s1
    matrix[row + j + 2] = s2
    matrix[row + j + 3] = s3
    matrix[other + j] = t0
    matrix[other + j + 1] = t1
    matrix[other + j + 2] = t2
    matrix[other + j + 3] = t3
  }
  for (; j < length; j++) {
    const r = j * stride
    let s = matrix[row + j] as number
    let t = matrix[other + j] as number
    for (let k = 0; k < j; k++) {
      const l = matrix[r + k] as number
      s -= (matrix[row + k] as number) * l
      t -= (matrix[other + k] as number) * l
    }
    matrix[row + j] = s / (matrix[r + j] as number)
    matrix[other + j] = t / (matrix[r + j] as number)
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

/** The transposed inverse of L into the upper triangle of `upper`, with the same stride. */
export function invertFactor(factor: Float64Array, stride: number, length: number, upper: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const row = i * stride
    const pivot = 1 / (factor[row + i] as number)
    upper[row + i] = pivot
    let j = 0
    for (; j + 4 <= i; j += 4) {
      const r0 = j * stride
      const r1 = r0 + stride
      const r2 = r1 + stride
      const r3 = r2 + stride
      // Below their diagonals the rows of `upper` are not defined.
      const l0 = factor[row + j] as number
      const l1 = factor[row + j + 1] as number
      const l2 = factor[row + j + 2] as number
      const l3 = factor[row + j + 3] as number
      let s0 = l0 * (upper[r0 + j] as number) + l1 * (upper[r0 + j + 1] as number) + l2 * (upper[r0 + j + 2] as number) + l3 * (upper[r0 + j + 3] as number)
      let s1 = l1 * (upper[r1 + j + 1] as number) + l2 * (upper[r1 + j + 2] as number) + l3 * (upper[r1 + j + 3] as number)
      let s2 = l2 * (upper[r2 + j + 2] as number) + l3 * (upper[r2 + j + 3] as number)
      let s3 = l3 * (upper[r3 + j + 3] as number)
      for (let k = j + 4; k < i; k++) {
        const l = factor[row + k] as number
        s0 += l * (upper[r0 + k] as number)
        s1 += l * (upper[r1 + k] as number)
        s2 += l * (upper[r2 + k] as number)
        s3 += l * (upper[r3 + k] as number)
      }
      upper[r0 + i] = -s0 * pivot
      upper[r1 + i] = -s1 * pivot
      upper[r2 + i] = -s2 * pivot
      upper[r3 + i] = -s3 * pivot
    }
    for (; j < i; j++) {
      let s = 0
      for (let k = j; k < i; k++) s += (factor[row + k] as number) * (upper[j * stride + k] as number)
      upper[j * stride + i] = -s * pivot
    }
  }
}

/** The lower triangle of (L Lᵀ)⁻¹ from the transposed inverse of L, into `out` with the same stride. */
export function multiplyUpper(upper: Float64Array, stride: number, length: number, out: Float64Array): void {
  let i = 0
  for (; i + 2 <= length; i += 2) {
    const row = i * stride
    const other = row + stride
    let j = 0
    for (; j + 4 <= i; j += 4) {
      const r0 = j * stride
      const r1 = r0 + stride
      const r2 = r1 + stride
      const r3 = r2 + stride
      const first = upper[row + i] as number
      let s0 = first * (upper[r0 + i] as number)
      let s1 = first * (upper[r1 + i] as number)
      let s2 = first * (upper[r2 + i] as number)
      let s3 = first * (upper[r3 + i] as number)
      let t0 = 0
      let t1 = 0
      let t2 = 0
      let t3 = 0
      for (let k = i + 1; k < length; k++) {
        const x = upper[row + k] as number
        const y = upper[other + k] as number
        const u0 = upper[r0 + k] as number
        const u1 = upper[r1 + k] as number
        const u2 = upper[r2 + k] as number
        const u3 = upper[r3 + k] as number
        s0 += x * u0
        s1 += x * u1
        s2 += x * u2
        s3 += x * u3
        t0 += y * u0
        t1 += y * u1
        t2 += y * u2
        t3 += y * u3
      }
      out[row + j] = s0
      out[row + j + 1] = s1
      out[row + j + 2] = s2
      out[row + j + 3] = s3
      out[other + j] = t0
      out[other + j + 1] = t1
      out[other + j + 2] = t2
      out[other + j + 3] = t3
    }
    multiplyRow(upper, stride, length, i, j, out)
    multiplyRow(upper, stride, length, i + 1, j, out)
  }
  if (i < length) multiplyRow(upper, stride, length, i, 0, out)
}

/** One row of that product, from column `from`. */
function multiplyRow(upper: Float64Array, stride: number, length: number, i: number, from: number, out: Float64Array): void {
  const row = i * stride
  for (let j = from; j <= i; j++) {
    let s = 0
    for (let k = i; k < length; k++) s += (upper[row + k] as number) * (upper[j * stride + k] as number)
    out[row + j] = s
  }
}
