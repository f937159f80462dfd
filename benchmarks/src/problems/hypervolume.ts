/**
 * Volume between some points of two or three losses and a reference point; those that are not below it in all losses count nothing.
 * Written for being obvious, and apart from the code that is measured with it.
 */
export function hypervolumeOf(points: readonly (readonly number[])[], reference: readonly number[]): number {
  const inside = points.filter((point) => point.every((loss, i) => loss < (reference[i] as number)))
  if (reference.length === 2) return area(inside, reference)
  if (reference.length !== 3) throw new Error(`hypervolumeOf() knows two or three losses, not ${reference.length}`)
  // Slices along the third loss: from each of its values to the next one, the area of the points up to there.
  const sorted = [...inside].sort((a, b) => (a[2] as number) - (b[2] as number))
  let volume = 0
  for (const [i, point] of sorted.entries()) {
    const next = sorted[i + 1]?.[2] ?? reference[2] ?? 0
    if (next > (point[2] as number)) volume += (next - (point[2] as number)) * area(sorted.slice(0, i + 1), reference)
  }
  return volume
}

function area(points: readonly (readonly number[])[], [right = 0, top = 0]: readonly number[]): number {
  let sum = 0
  let lowest = top
  for (const [x = 0, y = 0] of [...points].sort((a, b) => (a[0] as number) - (b[0] as number))) {
    if (y >= lowest) continue
    sum += (right - x) * (lowest - y)
    lowest = y
  }
  return sum
}

/** The hypervolume below a reference point of a whole front, by the midpoint rule over all losses but the last. */
export function hypervolumeOfFront(attained: (others: readonly number[]) => number, ideal: readonly number[], reference: readonly number[], steps: number): number {
  const last = reference.length - 1
  const width = (i: number): number => ((reference[i] as number) - (ideal[i] as number)) / steps
  const at = (i: number, step: number): number => (ideal[i] as number) + (step + 0.5) * width(i)
  const gained = (others: readonly number[]): number => Math.max(0, (reference[last] as number) - attained(others))
  let sum = 0
  for (let i = 0; i < steps; i++) {
    if (last === 1) sum += gained([at(0, i)]) * width(0)
    else for (let j = 0; j < steps; j++) sum += gained([at(0, i), at(1, j)]) * width(0) * width(1)
  }
  return sum
}

/** True if no loss of a is above that of b, and one is below. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((loss, i) => loss <= (b[i] as number)) && a.some((loss, i) => loss < (b[i] as number))
}

/** Points that no other dominates, one of each. */
export function frontOf(points: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const front: (readonly number[])[] = []
  for (const point of points) {
    if (front.some((other) => dominates(other, point) || other.every((loss, i) => loss === point[i]))) continue
    for (let i = front.length - 1; i >= 0; i--) if (dominates(point, front[i] as readonly number[])) front.splice(i, 1)
    front.push(point)
  }
  return front
}
