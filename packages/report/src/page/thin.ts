/** At most `most` items, evenly spread and in order, with all that must stay. Keeps pages of very long studies small. */
export function thin<T>(items: readonly T[], most: number, stays: (item: T) => boolean = () => false): readonly T[] {
  if (items.length <= most) return items
  const every = items.length / most
  let next = 0
  return items.filter((item, index) => {
    if (index < next) return stays(item)
    next += every
    return true
  })
}

/** At most about `most` points of a line: of each bucket the lowest and the highest, so that spikes survive. */
export function thinLine(points: readonly (readonly [number, number])[], most: number): readonly (readonly [number, number])[] {
  if (points.length <= most) return points
  const bucket = Math.ceil((points.length * 2) / most)
  const kept: (readonly [number, number])[] = []
  for (let from = 0; from < points.length; from += bucket) {
    const part = points.slice(from, from + bucket)
    let low = 0
    let high = 0
    for (const [index, point] of part.entries()) {
      if (point[1] < part[low]![1]) low = index
      if (point[1] > part[high]![1]) high = index
    }
    kept.push(part[Math.min(low, high)]!)
    if (low !== high) kept.push(part[Math.max(low, high)]!)
  }
  const last = points.at(-1)!
  if (kept.at(-1) !== last) kept.push(last)
  return kept
}
