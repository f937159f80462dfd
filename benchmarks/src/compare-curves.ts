import type { ProblemEntry } from './problems/problem.ts'
import { type Anchors, bestAfter, type Improvements, normalisedRegret } from './problems/regret.ts'
import { bootstrapInterval, mean, wilcoxonSignedRank } from './statistics.ts'

export interface StoredCurves {
  readonly optimiser: string
  readonly seeds: readonly number[]
  readonly trials: number
  readonly curves: Readonly<Record<string, readonly Improvements[]>>
}

export interface Comparison {
  readonly ours: string
  readonly peer: string
  readonly seeds: number
  /** Mean normalised regret over problems, at each of `trials`. */
  readonly trials: readonly number[]
  readonly families: Readonly<Record<string, { readonly problems: number; readonly ours: readonly number[]; readonly peer: readonly number[] }>>
  /** Of the mean difference ours − peer over problems: 95 % bootstrap interval over problems, and Wilcoxon's p (Holm-corrected over `trials`). */
  readonly difference: { readonly mean: readonly number[]; readonly interval: readonly (readonly [number, number])[]; readonly p: readonly number[] }
  /** Problems on which ours has the lower mean regret. */
  readonly wins: readonly number[]
  /** First trial at which our mean curve is not above the peer's at its last trial; undefined if never. */
  readonly trialsToMatch: number | undefined
  readonly perProblem: Readonly<Record<string, { readonly ours: readonly number[]; readonly peer: readonly number[] }>>
}

const checkpoints = [20, 50, 100]

export function compareCurves(ours: StoredCurves, peer: StoredCurves, entries: readonly ProblemEntry[], anchors: Readonly<Record<string, Anchors>>): Comparison {
  const regretOf = (stored: StoredCurves, id: string, trials: number): number => {
    const anchor = anchors[id]
    const runs = stored.curves[id]
    if (anchor === undefined || runs === undefined) throw new Error(`${stored.optimiser} has no curves, or anchors.json no entry, for ${id}: run it again`)
    return mean(runs.map((run) => normalisedRegret(bestAfter(run, trials), anchor)))
  }
  const at = (stored: StoredCurves, ids: readonly string[], trials: number): number => mean(ids.map((id) => regretOf(stored, id, trials)))
  const ids = entries.map(({ id }) => id)
  const families: Record<string, { problems: number; ours: number[]; peer: number[] }> = {}
  for (const family of ['all', ...new Set(entries.map((entry) => entry.family))]) {
    const members = entries.filter((entry) => family === 'all' || entry.family === family).map(({ id }) => id)
    families[family] = { problems: members.length, ours: checkpoints.map((trials) => at(ours, members, trials)), peer: checkpoints.map((trials) => at(peer, members, trials)) }
  }
  const differences = checkpoints.map((trials) => ids.map((id) => regretOf(ours, id, trials) - regretOf(peer, id, trials)))
  const target = at(peer, ids, peer.trials)
  const match = Array.from({ length: ours.trials }, (_, index) => index + 1).find((trials) => at(ours, ids, trials) <= target)
  let state = 1
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  return {
    ours: ours.optimiser,
    peer: peer.optimiser,
    seeds: ours.seeds.length,
    trials: checkpoints,
    families,
    difference: { mean: differences.map(mean), interval: differences.map((one) => bootstrapInterval(one, uniform)), p: holm(differences.map(wilcoxonSignedRank)) },
    wins: differences.map((one) => one.filter((difference) => difference < 0).length),
    trialsToMatch: match,
    perProblem: Object.fromEntries(ids.map((id) => [id, { ours: checkpoints.map((trials) => regretOf(ours, id, trials)), peer: checkpoints.map((trials) => regretOf(peer, id, trials)) }])),
  }
}

/** Holm's step-down correction. */
function holm(probabilities: readonly number[]): readonly number[] {
  const order = probabilities.map((_, index) => index).sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
  const corrected = probabilities.map(() => 1)
  let highest = 0
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (probabilities[index] as number) * (probabilities.length - rank)))
    corrected[index] = highest
  }
  return corrected
}

export function printComparison(comparison: Comparison): void {
  const thousandths = (values: readonly number[]): string => values.map((value) => (1000 * value).toFixed(0).padStart(5)).join('')
  console.log(`Mean normalised regret × 1000 at ${comparison.trials.join(' / ')} trials, ${comparison.seeds} seeds: ${comparison.ours} | ${comparison.peer}`)
  for (const [family, { problems, ours, peer }] of Object.entries(comparison.families)) console.log(`${family.padEnd(34)}${thousandths(ours)} |${thousandths(peer)}   (${problems} problems)`)
  for (const [id, { ours, peer }] of Object.entries(comparison.perProblem)) console.log(`  ${id.padEnd(32)}${thousandths(ours)} |${thousandths(peer)}`)
  const { mean: means, interval, p } = comparison.difference
  console.log(`difference ${thousandths(means)}, 95 % ${interval.map(([low, high]) => `[${(1000 * low).toFixed(0)}, ${(1000 * high).toFixed(0)}]`).join(' ')}, Wilcoxon p (Holm) ${p.map((one) => one.toPrecision(2)).join(' ')}`)
  console.log(`wins ${comparison.wins.join(' / ')}; matches the peer's last trial at trial ${comparison.trialsToMatch ?? 'never'}`)
}
