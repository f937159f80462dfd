import type { Digits } from './digits.ts'

export interface NeighbourParams {
  readonly neighbours: number
  readonly weights: 'uniform' | 'distance'
  /** 1 for the Manhattan, 2 for the Euclidean distance. */
  readonly p: number
}

/** The class that the nearest training rows vote for. */
function predict(row: Float32Array, { x, y }: Digits, { neighbours, weights, p }: NeighbourParams): number {
  const near: { readonly label: number; readonly distance: number }[] = []
  for (const [i, other] of x.entries()) {
    let distance = 0
    for (let j = 0; j < row.length; j++) distance += Math.abs(row[j]! - other[j]!) ** p
    near.push({ label: y[i]!, distance: distance ** (1 / p) })
  }
  near.sort((a, b) => a.distance - b.distance)
  const votes = new Float64Array(10)
  for (const { label, distance } of near.slice(0, neighbours)) votes[label]! += weights === 'uniform' ? 1 : 1 / Math.max(distance, 1e-12)
  return votes.indexOf(Math.max(...votes))
}

/** Share of the test rows that are classified right. */
export function accuracyOf(test: Digits, training: Digits, params: NeighbourParams): number {
  return test.x.filter((row, i) => predict(row, training, params) === test.y[i]).length / test.x.length
}
