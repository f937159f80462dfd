/** One optimiser of ours beside all peers: what docs/benchmarks.md and results/regret-*.json say. */
import type { ProblemEntry } from './problems/problem.ts'
import { type Anchors, bestAfter, normalisedRegret } from './problems/regret.ts'
import { bootstrapInterval, holm, mean, percentile, ranks, wilcoxonSignedRank } from './statistics.ts'
import type { StoredCurves } from './stored-curves.ts'

export const checkpoints: readonly number[] = [20, 50, 100]

export interface Standing {
  readonly optimiser: string
  readonly settings: string
  readonly seeds: number
  /** Problems of the list that it was not run on. */
  readonly notRun: readonly string[]
  /** Mean normalised regret at the checkpoints, by family, with 95 % bootstrap intervals over problems; only families of which all problems were run. */
  readonly families: Readonly<Record<string, { readonly problems: number; readonly regret: readonly number[]; readonly interval: readonly (readonly [number, number])[] }>>
  /** Mean over problems of the rank by mean regret, among the optimisers that were run on all problems. */
  readonly meanRank: readonly number[] | undefined
  /**
   * Trials until its mean curve on a problem is not above Optuna's default (TPE) at trial 100: the median over problems (Infinity
   * becomes null in JSON: never, on half of them), and of the curve of means over problems.
   */
  readonly trialsToMatch: { readonly median: number | null; readonly ofMeanCurve: number | null; readonly never: number } | undefined
  readonly perProblem: Readonly<Record<string, readonly number[]>>
  /** Mean normalised regret after each trial from 1, by family. */
  readonly curves: Readonly<Record<string, readonly number[]>>
}

export interface Duel {
  readonly peer: string
  /** Problems that both were run on. */
  readonly problems: number
  /** Of ours − theirs over those problems: mean, 95 % bootstrap interval over problems, Wilcoxon's p with Holm's correction over all peers and checkpoints. */
  readonly difference: readonly number[]
  readonly interval: readonly (readonly [number, number])[]
  readonly p: readonly number[]
  readonly wins: readonly number[]
  readonly losses: readonly number[]
  /** Mean regret of both on those problems. */
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
}

export interface Comparison {
  readonly checkpoints: readonly number[]
  readonly problems: number
  readonly ours: Standing
  readonly peers: readonly Standing[]
  readonly duels: readonly Duel[]
  /** Problems on which our regret at 100 is above max(1.25 ×, + .01) of the better of Optuna's TPE and GPSampler. */
  readonly worstCase: { readonly problems: number; readonly above: Readonly<Record<string, { readonly ours: number; readonly bound: number }>> } | undefined
}

/** Regret of each problem that an optimiser was run on, after each trial from 1: means over seeds. */
type Regrets = ReadonlyMap<string, Float64Array>

const optunaDefault = /^optuna \S+ tpe$/
const optunaGp = /^optuna \S+ gp$/
const randomSampler = /^optuna \S+ random$/

function regretsOf(stored: StoredCurves, entries: readonly ProblemEntry[], anchors: Readonly<Record<string, Anchors>>): Regrets {
  const found = new Map<string, Float64Array>()
  for (const { id } of entries) {
    const runs = stored.curves[id]
    const anchor = anchors[id]
    if (anchor === undefined) throw new Error(`the anchors have no entry for ${id}: make them with src/anchors.ts`)
    if (runs === undefined || runs.length === 0) continue
    found.set(id, Float64Array.from({ length: stored.trials }, (_, index) => mean(runs.map((run) => normalisedRegret(bestAfter(run, index + 1), anchor)))))
  }
  return found
}

/** A generator of its own, so that the same results give the same intervals. */
function uniformStream(): () => number {
  let state = 1
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

const first = (curve: ArrayLike<number>, bound: number): number => {
  for (let index = 0; index < curve.length; index++) if ((curve[index] as number) <= bound) return index + 1
  return Number.POSITIVE_INFINITY
}
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
const at = (regrets: Regrets, id: string, trials: number): number => regrets.get(id)?.[trials - 1] ?? Number.NaN

export function compare(ours: StoredCurves, peers: readonly StoredCurves[], entries: readonly ProblemEntry[], anchors: Readonly<Record<string, Anchors>>): Comparison {
  const all = [ours, ...peers]
  const regrets = all.map((stored) => regretsOf(stored, entries, anchors))
  const families = new Map([['all', entries], ...[...new Set(entries.map(({ family }) => family))].map((family) => [family as string, entries.filter((entry) => entry.family === family)] as const)])
  const whole = all.map((_, index) => entries.every(({ id }) => regrets[index]?.has(id)))
  const rankOf = meanRanks(regrets.filter((_, index) => whole[index]), entries)
  const target = regrets[all.findIndex(({ optimiser }) => optunaDefault.test(optimiser))]

  function standing(stored: StoredCurves, index: number): Standing {
    const own = regrets[index] as Regrets
    const complete = [...families].filter(([, members]) => members.every(({ id }) => own.has(id)))
    const curves = Object.fromEntries(complete.map(([family, members]) => [family, Array.from({ length: stored.trials }, (_, trial) => mean(members.map(({ id }) => at(own, id, trial + 1))))]))
    return {
      optimiser: stored.optimiser,
      settings: stored.settings,
      seeds: Math.min(...Object.values(stored.curves).map((runs) => runs.length)),
      notRun: entries.filter(({ id }) => !own.has(id)).map(({ id }) => id),
      families: Object.fromEntries(complete.map(([family, members]) => {
        const values = checkpoints.map((trials) => members.map(({ id }) => at(own, id, trials)))
        const uniform = uniformStream()
        return [family, { problems: members.length, regret: values.map(mean), interval: values.map((one) => bootstrapInterval(one, uniform)) }]
      })),
      meanRank: whole[index] ? rankOf[whole.slice(0, index).filter(Boolean).length] : undefined,
      trialsToMatch: whole[index] && target !== undefined ? matching(own, target) : undefined,
      perProblem: Object.fromEntries([...own].map(([id]) => [id, checkpoints.map((trials) => at(own, id, trials))])),
      curves: Object.fromEntries(Object.entries(curves).map(([family, curve]) => [family, curve.map((value) => Number(value.toPrecision(4)))])),
    }
  }

  function matching(own: Regrets, bound: Regrets): NonNullable<Standing['trialsToMatch']> {
    const counts = entries.map(({ id }) => first(own.get(id) ?? [], at(bound, id, 100))).sort((a, b) => a - b)
    const middle = (percentile(counts, 0.5) + percentile(counts, (counts.length - 1) / 2 / counts.length)) / 2
    const means = Array.from({ length: 100 }, (_, trial) => mean(entries.map(({ id }) => at(own, id, trial + 1))))
    return { median: finite(middle), ofMeanCurve: finite(first(means, mean(entries.map(({ id }) => at(bound, id, 100))))), never: counts.filter((count) => count === Number.POSITIVE_INFINITY).length }
  }

  const standings = all.map(standing)
  const duels = peers.map((peer, index) => duel(regrets[0] as Regrets, regrets[index + 1] as Regrets, peer.optimiser, entries)).filter(({ problems }) => problems > 0)
  const corrected = holm(duels.flatMap(({ p }) => p))
  return {
    checkpoints,
    problems: entries.length,
    ours: standings[0] as Standing,
    peers: standings.slice(1),
    duels: duels.map((one, index) => ({ ...one, p: corrected.slice(checkpoints.length * index, checkpoints.length * (index + 1)) })),
    worstCase: worstCase(regrets[0] as Regrets, target, regrets[all.findIndex(({ optimiser }) => optunaGp.test(optimiser))], entries),
  }
}

/** By optimiser, at the checkpoints; equal regrets share their ranks. */
function meanRanks(regrets: readonly Regrets[], entries: readonly ProblemEntry[]): readonly (readonly number[])[] {
  const byCheckpoint = checkpoints.map((trials) => entries.map(({ id }) => ranks(regrets.map((one) => at(one, id, trials)))))
  return regrets.map((_, index) => byCheckpoint.map((problems) => mean(problems.map((one) => one[index] as number))))
}

function duel(ours: Regrets, theirs: Regrets, peer: string, entries: readonly ProblemEntry[]): Duel {
  const ids = entries.map(({ id }) => id).filter((id) => ours.has(id) && theirs.has(id))
  const differences = checkpoints.map((trials) => ids.map((id) => at(ours, id, trials) - at(theirs, id, trials)))
  const uniform = uniformStream()
  return {
    peer,
    problems: ids.length,
    difference: differences.map(mean),
    interval: differences.map((one) => bootstrapInterval(one, uniform)),
    p: differences.map(wilcoxonSignedRank),
    wins: differences.map((one) => one.filter((difference) => difference < 0).length),
    losses: differences.map((one) => one.filter((difference) => difference > 0).length),
    ours: checkpoints.map((trials) => mean(ids.map((id) => at(ours, id, trials)))),
    theirs: checkpoints.map((trials) => mean(ids.map((id) => at(theirs, id, trials)))),
  }
}

function worstCase(ours: Regrets, tpe: Regrets | undefined, gp: Regrets | undefined, entries: readonly ProblemEntry[]): Comparison['worstCase'] {
  if (tpe === undefined || gp === undefined) return undefined
  const judged = entries.filter(({ id }) => ours.has(id) && tpe.has(id) && gp.has(id))
  const above = judged.flatMap(({ id }) => {
    const better = Math.min(at(tpe, id, 100), at(gp, id, 100))
    const bound = Math.max(1.25 * better, better + 0.01)
    return at(ours, id, 100) > bound ? [[id, { ours: at(ours, id, 100), bound }] as const] : []
  })
  return { problems: judged.length, above: Object.fromEntries(above) }
}

export function isRandom(optimiser: string): boolean {
  return randomSampler.test(optimiser)
}

const thousandths = (values: readonly number[] | undefined): string => (values === undefined ? '-' : values.map((value) => (1000 * value).toFixed(0)).join(' / '))

export function printComparison(comparison: Comparison): void {
  const { ours, peers, duels } = comparison
  const names = Object.keys(ours.families)
  console.log(`Mean normalised regret × 1000 at ${checkpoints.join(' / ')} trials, ${comparison.problems} problems`)
  console.log(['optimiser'.padEnd(26), ...names.map((name) => name.padEnd(20)), 'mean rank'.padEnd(20), 'match'].join(''))
  for (const one of [ours, ...peers]) {
    const match = one.trialsToMatch === undefined ? '-' : `${one.trialsToMatch.median ?? 'never'} (mean curve ${one.trialsToMatch.ofMeanCurve ?? 'never'})`
    console.log([`${one.optimiser} (${one.seeds})`.padEnd(26), ...names.map((name) => thousandths(one.families[name]?.regret).padEnd(20)), (one.meanRank?.map((rank) => rank.toFixed(2)).join(' / ') ?? '-').padEnd(20), match].join(''))
  }
  for (const one of duels) {
    const intervals = one.interval.map(([low, high]) => `[${(1000 * low).toFixed(0)}, ${(1000 * high).toFixed(0)}]`).join(' ')
    console.log(`against ${one.peer} on ${one.problems}: ${thousandths(one.difference)} ${intervals}, p ${one.p.map((p) => p.toPrecision(2)).join(' ')}, wins ${one.wins.join(' / ')}, losses ${one.losses.join(' / ')}`)
  }
  if (comparison.worstCase !== undefined) console.log(`above the bound of the worst case: ${Object.entries(comparison.worstCase.above).map(([id, { ours: own, bound }]) => `${id} (${own.toFixed(3)} > ${bound.toFixed(3)})`).join(', ') || 'none'} (${comparison.worstCase.problems} judged)`)
}
