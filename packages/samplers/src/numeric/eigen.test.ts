import { ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../in-parts.ts'
import { eigenSymmetric } from './eigen.ts'

function decompose(matrix: readonly number[], n: number): { readonly values: Float64Array; readonly vectors: Float64Array; readonly converged: boolean } {
  const vectors = new Float64Array(n * n)
  const values = new Float64Array(n)
  const converged = atOnce(eigenSymmetric(Float64Array.from(matrix), n, vectors, values))
  return { values, vectors, converged }
}

/** Slow and obvious: largest entries of V diag(d) Vᵀ − A and of VᵀV − 1. */
function residuals(matrix: readonly number[], n: number, { values, vectors }: { readonly values: Float64Array; readonly vectors: Float64Array }): readonly [number, number] {
  let reconstruction = 0
  let orthogonality = 0
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let product = 0
      let dot = 0
      for (let k = 0; k < n; k++) {
        product += vectors[i * n + k]! * values[k]! * vectors[j * n + k]!
        dot += vectors[k * n + i]! * vectors[k * n + j]!
      }
      reconstruction = Math.max(reconstruction, Math.abs(product - matrix[i * n + j]!))
      orthogonality = Math.max(orthogonality, Math.abs(dot - (i === j ? 1 : 0)))
    }
  }
  return [reconstruction, orthogonality]
}

const hilbert = (n: number): number[] => Array.from({ length: n * n }, (_, k) => 1 / (Math.floor(k / n) + (k % n) + 1))

describe('eigenSymmetric', () => {
  it('agrees with NumPy on a matrix of four', () => {
    // numpy.linalg.eigh([[4, 1, -2, .5], [1, 3, 0, 1], [-2, 0, 5, -1], [.5, 1, -1, 2]])
    const { values, vectors } = decompose([4, 1, -2, 0.5, 1, 3, 0, 1, -2, 0, 5, -1, 0.5, 1, -1, 2], 4)
    const expected = [1.047138640929087, 2.3609454269745447, 3.602574400339762, 6.989341531756605]
    expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 13))
    const last = [0.6007604337415514, 0.21301882287181995, -0.7291685453272297, 0.24904440338690398]
    const sign = Math.sign(vectors[3]!)
    last.forEach((value, i) => expect(sign * vectors[i * 4 + 3]!).toBeCloseTo(value, 13))
  })

  it('finds the small eigenvalues of a badly conditioned matrix', () => {
    // numpy.linalg.eigvalsh of the Hilbert matrix of six
    const { values } = decompose(hilbert(6), 6)
    const expected = [1.0827994844532908e-7, 1.257075712262841e-5, 6.15748354182639e-4, 0.016321521319875815, 0.2423608705752093, 1.618899858924339]
    expected.forEach((value, i) => expect(Math.abs(values[i]! - value)).toBeLessThan(1e-15 + 1e-14 * value))
  })

  it.each([1, 2, 3, 10, 40])('reconstructs random matrices of %i with orthonormal vectors and ascending values', (n) => {
    const stream = new ThreefryRandom(n).stream(0, 'eigen')
    const matrix = Array.from({ length: n * n }, () => 0)
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = stream.normal() * 10 ** (3 * stream.normal())
    const size = Math.max(...matrix.map(Math.abs))
    const answer = decompose(matrix, n)
    const [reconstruction, orthogonality] = residuals(matrix, n, answer)
    expect(answer.converged).toBe(true)
    expect(reconstruction).toBeLessThan(1e-13 * n * size)
    expect(orthogonality).toBeLessThan(1e-14 * n)
    expect([...answer.values]).toEqual([...answer.values].sort((a, b) => a - b))
  })

  it('works with equal eigenvalues, zeros, rank one, and in place', () => {
    for (const [n, entry] of [[5, (i: number, j: number) => (i === j ? 3 : 0)], [4, () => 0], [6, (i: number, j: number) => (i + 1) * (j + 1)]] as const) {
      const matrix = Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n))
      const answer = decompose(matrix, n)
      const [reconstruction, orthogonality] = residuals(matrix, n, answer)
      expect(reconstruction).toBeLessThan(1e-12)
      expect(orthogonality).toBeLessThan(1e-13)
      const inPlace = Float64Array.from(matrix)
      atOnce(eigenSymmetric(inPlace, n, inPlace, new Float64Array(n)))
      expect(inPlace).toEqual(answer.vectors)
    }
  })

  it('takes large matrices in steps, and small ones at once', () => {
    const stepsOf = (n: number): number => {
      const stream = new ThreefryRandom(n).stream(0, 'eigen')
      return [...eigenSymmetric(Float64Array.from({ length: n * n }, () => stream.normal()), n, new Float64Array(n * n), new Float64Array(n))].length
    }
    expect(stepsOf(40)).toBe(0)
    expect(stepsOf(250)).toBeGreaterThan(8)
  })

  it('reads the lower triangle only, and says when a matrix is not finite', () => {
    expect(decompose([2, Number.NaN, 1, 3], 2).values).toEqual(decompose([2, 1, 1, 3], 2).values)
    expect(decompose([1, 0, Number.NaN, 1], 2).converged).toBe(false)
    expect(decompose([Infinity, 0, 0, 1], 2).converged).toBe(false)
    expect(decompose([], 0).converged).toBe(true)
  })
})
