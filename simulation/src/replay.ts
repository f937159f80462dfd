/** Steps of a run in which things go wrong. */
export const defaultSteps = 600

/** The one command that repeats a run exactly. */
export function replayCommand(seed: number, steps: number): string {
  return `npm run simulate -- --seed ${seed} --steps ${steps}`
}
