import { type FeatureMap, squaredDistances } from '../gaussian-process/features.ts'

/**
 * Which rows stand for all when there are too many: a third are the best, a third those nearest to the best one, and the others are as far from all
 * of these and each other as can be. Depends on the rows alone. Ascending.
 * @param units `order.length` rows of coordinates
 * @param order places of the rows from the best to the worst
 */
export function someRows(map: FeatureMap, units: Float64Array, order: Int32Array, most: number): Int32Array {
  const count = order.length
  if (count <= most) return Int32Array.from(order).sort()
  const { width, features, categories } = map.layout
  const third = Math.floor(most / 3)
  const pool = poolOf(order, most)
  const size = pool.length
  const all = new Float64Array(size * features)
  const codes = new Int32Array(size * categories.length)
  for (let i = 0; i < size; i++) map.write(units, (pool[i] as number) * width, all, i * features, codes, i * categories.length)
  const distances = new Float64Array(size)
  const nearest = new Float64Array(size).fill(Infinity)
  const chosen = new Uint8Array(size)
  const measure = (from: number): void => squaredDistances(map, all, from * features, codes, from * categories.length, all, codes, 0, size, distances, 0)
  const choose = (i: number): void => {
    chosen[i] = 1
    measure(i)
    for (let j = 0; j < size; j++) nearest[j] = Math.min(nearest[j] as number, distances[j] as number)
  }
  measure(0)
  const near = Int32Array.from(pool.keys()).sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
  for (let i = 0; i < third; i++) choose(i)
  let left = third
  for (let i = 0; i < size && left > 0; i++) {
    if (chosen[near[i] as number] === 1) continue
    choose(near[i] as number)
    left--
  }
  for (let rest = most - 2 * third; rest > 0; rest--) {
    let farthest = -1
    for (let i = 0; i < size; i++) if (chosen[i] === 0 && (farthest < 0 || (nearest[i] as number) > (nearest[farthest] as number))) farthest = i
    choose(farthest)
  }
  return pool.filter((_, i) => chosen[i] === 1).sort()
}

/** Rows that are looked at: all, or of very many the best and an even part of the others. From the best to the worst. */
function poolOf(order: Int32Array, most: number): Int32Array {
  if (order.length <= 4 * most) return order
  const rest = order.length - most
  return Int32Array.from({ length: 4 * most }, (_, i) => order[i < most ? i : most + Math.floor(((i - most) * rest) / (3 * most))] as number)
}
