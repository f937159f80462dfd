/** P(|T| ≤ t) of Student's t with `degrees` ≥ 1, a whole number: Abramowitz & Stegun, 26.7.3 and 26.7.4. */
export function studentCentral(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees))
  const square = Math.cos(angle) ** 2
  const odd = degrees % 2 === 1
  let term = odd ? Math.cos(angle) : 1
  let sum = degrees === 1 ? 0 : term
  for (let i = odd ? 3 : 2; i <= degrees - 2; i += 2) {
    term *= (square * (i - 1)) / i
    sum += term
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum
}

/** The t with P(|T| ≤ t) = `level` ∈ (0, 1). */
export function studentBound(level: number, degrees: number): number {
  let [low, high] = [0, 1]
  while (studentCentral(high, degrees) < level) high *= 2
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (studentCentral(middle, degrees) < level) low = middle
    else high = middle
  }
  return (low + high) / 2
}
