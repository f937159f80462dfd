import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { factorRows, invertFactor, multiplyUpper, solveBackward, solveForward, solveForwardFour } from './cholesky.ts'

/** A positive definite matrix of `n` rows, in rows of `stride`. */
function positive(n: number, stride: number): Float64Array {
  const random = new ThreefryRandom(n).stream(0, 'matrix')
  const root = Float64Array.from({ length: n * n }, () => random.normal())
  const matrix = new Float64Array(stride * stride)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = i === j ? 0.5 : 0
      for (let k = 0; k < n; k++) sum += (root[i * n + k] as number) * (root[j * n + k] as number)
      matrix[i * stride + j] = sum
    }
  }
  return matrix
}

const at = (matrix: Float64Array, stride: number, i: number, j: number): number => (j > i ? 0 : (matrix[i * stride + j] as number))

describe('Cholesky factors', () => {
  it('are those of SciPy', () => {
    // scipy.linalg.cholesky([[4, 2, .6], [2, 5, 1.5], [.6, 1.5, 3.7]], lower=True), SciPy 1.17.1
    const matrix = Float64Array.from([4, 2, 0.6, 2, 5, 1.5, 0.6, 1.5, 3.7])
    expect(factorRows(matrix, 3, 0, 3)).toBe(true)
    expect([0, 3, 4, 6, 7, 8].map((i) => matrix[i])).toEqual([2, 1, 2, 0.3, 0.6, expect.closeTo(1.8027756377319946, 14)])
  })

  it.each([1, 2, 3, 4, 5, 8, 13, 30])('multiply to the matrix, and solve, with %i rows', (n) => {
    const stride = n + 3
    const matrix = positive(n, stride)
    const factor = matrix.slice()
    expect(factorRows(factor, stride, 0, n)).toBe(true)
    const inverse = new Float64Array(stride * stride).fill(NaN)
    invertFactor(factor, stride, n, inverse)
    const full = new Float64Array(stride * stride).fill(NaN)
    multiplyUpper(inverse, stride, n, full)
    const side = Float64Array.from({ length: n }, (_, i) => i - 1.5)
    const forward = side.slice()
    solveForward(factor, stride, n, forward)
    const backward = forward.slice()
    solveBackward(factor, stride, n, backward)
    const four = new Float64Array(4 * n)
    for (let i = 0; i < 4 * n; i++) four[i] = ((i % 4) + 1) * (side[i >> 2] as number)
    solveForwardFour(factor, stride, n, four)
    for (let i = 0; i < n; i++) {
      let solved = 0
      for (let j = 0; j < n; j++) {
        let product = 0
        let identity = 0
        for (let k = 0; k < n; k++) {
          product += at(factor, stride, i, k) * at(factor, stride, j, k)
          identity += (matrix[i * stride + k] as number) * (full[Math.max(k, j) * stride + Math.min(k, j)] as number)
        }
        expect(product).toBeCloseTo(matrix[i * stride + j] as number, 10)
        expect(identity).toBeCloseTo(i === j ? 1 : 0, 8)
        solved += (matrix[i * stride + j] as number) * (backward[j] as number)
      }
      expect(solved).toBeCloseTo(side[i] as number, 8)
      for (let c = 0; c < 4; c++) expect(four[4 * i + c]).toBeCloseTo((c + 1) * (forward[i] as number), 10)
    }
  })

  it('grow by rows into the very same factor', () => {
    const matrix = positive(23, 23)
    const whole = matrix.slice()
    factorRows(whole, 23, 0, 23)
    const grown = matrix.slice()
    for (const [from, to] of [[0, 6], [6, 7], [7, 8], [8, 21], [21, 23]] as const) expect(factorRows(grown, 23, from, to)).toBe(true)
    expect(grown).toEqual(whole)
  })

  it('say when a matrix is not positive definite', () => {
    expect(factorRows(Float64Array.from([1, 0, 2, 1]), 2, 0, 2)).toBe(false)
    expect(factorRows(Float64Array.from([NaN]), 1, 0, 1)).toBe(false)
  })
})
