import type { StudyHistory } from '../history/study-history.ts'

/** True if point `a` is nowhere worse than `b`, and somewhere better. Lower is better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > b[i]!) return false
    if (a[i]! < b[i]!) better = true
  }
  return better
}

/** Numbers of the complete, feasible, not void trials that no other dominates, ascending. */
export function paretoFront(history: StudyHistory): readonly number[] {
  const columns = history.definition.objectives.map((_, objective) => history.losses(objective))
  let front: { readonly number: number; readonly losses: readonly number[] }[] = []
  for (let number = 0; number < history.length; number++) {
    const { state, violation, voided, values } = history.trial(number)
    if (state !== 'complete' || violation > 0 || voided !== undefined || values === undefined) continue
    const losses = columns.map((column) => column[number]!)
    if (front.some((other) => dominates(other.losses, losses))) continue
    front = front.filter((other) => !dominates(losses, other.losses))
    front.push({ number, losses })
  }
  return front.map(({ number }) => number)
}
