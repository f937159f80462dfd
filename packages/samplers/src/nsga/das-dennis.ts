/** Points spread evenly on the simplex of non-negative coordinates that sum to 1: all whose coordinates are multiples of 1 / divisions (Das & Dennis, SIAM Journal on Optimization 8, 1998). */
export function simplexPoints(objectives: number, divisions: number): readonly Float64Array[] {
  const points: Float64Array[] = []
  const point = new Float64Array(objectives)
  const fill = (objective: number, left: number): void => {
    if (objective === objectives - 1) {
      point[objective] = left / divisions
      points.push(point.slice())
      return
    }
    for (let part = 0; part <= left; part++) {
      point[objective] = part / divisions
      fill(objective + 1, left - part)
    }
  }
  fill(0, divisions)
  return points
}

/** How many points `simplexPoints` has: the binomial coefficient of objectives + divisions − 1 over divisions. */
export function simplexSize(objectives: number, divisions: number): number {
  let count = 1
  for (let i = 1; i < objectives; i++) count = (count * (divisions + i)) / i
  return count
}

/** The most divisions with no more points than this, at least 1. */
export function divisionsFor(objectives: number, most: number): number {
  if (objectives === 1) return 1
  let divisions = 1
  while (simplexSize(objectives, divisions + 1) <= most) divisions++
  return divisions
}
