import type { FrontAnchor, StoredRuns } from './front-results.ts'
import type { FrontRun } from './front-runs.ts'
import { hypervolumeOf } from './problems/hypervolume.ts'
import { type FrontProblem, lossesOf } from './problems/several-objectives.ts'
import { mean, wilcoxonSignedRank } from './statistics.ts'

/** Normalised hypervolumes (1 is the best front) of all optimisers: means over seeds at each of `trials`. */
export interface FrontComparison {
  readonly trials: readonly number[]
  readonly optimisers: Readonly<Record<string, FrontSummary>>
  readonly perProblem: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>
  /** Of ours against a peer: problems on which ours is ahead at each of `trials`, of how many, and Wilcoxon's p over problems (no correction). */
  readonly duels: readonly { readonly ours: string; readonly peer: string; readonly ahead: readonly number[]; readonly of: number; readonly p: readonly number[] }[]
}

interface FrontSummary {
  readonly optimiser: string
  readonly seeds: number
  readonly problems: number
  /** Mean over the problems of a family, and of `all`; left out where the optimiser was not run on all of them. */
  readonly families: Readonly<Record<string, readonly number[]>>
  /** Mean rank among those that were run on all problems; empty for others. */
  readonly ranks: readonly number[]
}

const checkpoints = [20, 50, 100]

export function compareFronts(stored: readonly (StoredRuns & { readonly name: string })[], problems: readonly FrontProblem[], anchors: Readonly<Record<string, FrontAnchor>>): FrontComparison {
  const perProblem = Object.fromEntries(problems.map(({ id, directions }) => {
    const anchor = anchors[id]
    if (anchor === undefined) throw new Error(`several-objectives-anchors.json has no entry for ${id}: run multi-objective-anchors.ts`)
    const reached = (run: FrontRun, trials: number): number => hypervolumeOf(run.flatMap(([trial = 0, ...values]) => (trial <= trials ? [lossesOf(values, directions)] : [])), anchor.reference) / anchor.hypervolume
    return [id, Object.fromEntries(stored.flatMap(({ name, runs }) => (runs[id] === undefined ? [] : [[name, checkpoints.map((trials) => mean((runs[id] ?? []).map((run) => reached(run, trials))))]])))]
  }))
  const valuesOf = (name: string, id: string): readonly number[] | undefined => perProblem[id]?.[name]
  const complete = stored.map(({ name }) => name).filter((name) => problems.every(({ id }) => valuesOf(name, id) !== undefined))
  const optimisers = Object.fromEntries(stored.map(({ name, optimiser, runs }): [string, FrontSummary] => {
    const families = ['all', ...new Set(problems.map(({ family }) => family))].flatMap((family) => {
      const members = problems.filter((one) => family === 'all' || one.family === family).map(({ id }) => valuesOf(name, id))
      return members.includes(undefined) ? [] : [[family, checkpoints.map((_, i) => mean(members.map((one) => one?.[i] ?? Number.NaN)))]]
    })
    const ranks = complete.includes(name) ? checkpoints.map((_, i) => mean(problems.map(({ id }) => rankOf(valuesOf(name, id)?.[i] ?? Number.NaN, complete.map((other) => valuesOf(other, id)?.[i] ?? Number.NaN))))) : []
    return [name, { optimiser, seeds: Math.min(...Object.values(runs).map(({ length }) => length)), problems: Object.keys(runs).length, families: Object.fromEntries(families) as FrontSummary['families'], ranks }]
  }))
  const isPeer = (name: string): boolean => name.startsWith('optuna')
  const duels = stored.filter(({ name }) => !isPeer(name) && name !== 'random').flatMap(({ name: ours }) => stored.filter(({ name }) => isPeer(name)).map(({ name: peer }) => {
    const both = problems.filter(({ id }) => valuesOf(ours, id) !== undefined && valuesOf(peer, id) !== undefined)
    const differences = checkpoints.map((_, i) => both.map(({ id }) => (valuesOf(ours, id)?.[i] ?? Number.NaN) - (valuesOf(peer, id)?.[i] ?? Number.NaN)))
    return { ours, peer, ahead: differences.map((one) => one.filter((difference) => difference > 0).length), of: both.length, p: differences.map(wilcoxonSignedRank) }
  }))
  return { trials: checkpoints, optimisers, perProblem, duels }
}

/** 1 for the highest; equals share the mean. */
function rankOf(own: number, all: readonly number[]): number {
  return 0.5 + all.filter((other) => other > own).length + 0.5 * all.filter((other) => other === own).length
}

const thousandths = (values: readonly number[] | undefined): string => values?.map((value) => (1000 * value).toFixed(0)).join(' / ') ?? '–'
const title = (name: string, { optimisers }: FrontComparison): string => (name.startsWith('optuna') ? (optimisers[name]?.optimiser.replace('optuna', 'Optuna') ?? name) : `**${name}**`)

/** A row for each optimiser: means over the families of problems, and ranks. */
export function frontTable(comparison: FrontComparison): string {
  const families = [...new Set(['all', ...Object.values(comparison.optimisers).flatMap((one) => Object.keys(one.families))])]
  const byHundred = Object.entries(comparison.optimisers).sort(([, a], [, b]) => (b.families['all']?.[2] ?? 0) - (a.families['all']?.[2] ?? 0))
  const rows = byHundred.map(([name, one]) => `| ${title(name, comparison)} | ${one.seeds} | ${one.problems} | ${families.map((family) => thousandths(one.families[family])).join(' | ')} | ${one.ranks.length > 0 ? one.ranks.map((rank) => rank.toFixed(1)).join(' / ') : '–'} |`)
  return [`| sampler | seeds | problems | ${families.join(' | ')} | mean rank |`, `|---|---|---|${'---|'.repeat(families.length + 1)}`, ...rows].join('\n')
}

/** A row for each of ours and each peer: on how many problems ours is ahead. */
export function frontDuels({ duels, optimisers, perProblem, trials }: FrontComparison): string {
  const rows = duels.filter(({ of }) => of > 1).map(({ ours, peer, ahead, of, p }) => `| ${ours} | ${title(peer, { duels, optimisers, perProblem, trials })} | ${ahead.join(' / ')} of ${of} | ${p.map((one) => one.toPrecision(2)).join(' / ')} |`)
  return ['| ours | peer | ahead on | p |', '|---|---|---|---|', ...rows].join('\n')
}

/** A row for each problem. */
export function frontProblems(comparison: FrontComparison): string {
  const names = Object.keys(comparison.optimisers)
  const rows = Object.entries(comparison.perProblem).map(([id, of]) => `| ${id} | ${names.map((name) => thousandths(of[name])).join(' | ')} |`)
  return [`| problem | ${names.map((name) => title(name, comparison)).join(' | ')} |`, `|---|${'---|'.repeat(names.length)}`, ...rows].join('\n')
}

/** Where our first sampler is behind a peer after 100 trials. */
export function frontLosses({ perProblem, optimisers }: FrontComparison, ours: string): string {
  const last = checkpoints.length - 1
  const lost = Object.entries(perProblem).flatMap(([id, of]) => {
    const own = of[ours]?.[last]
    const ahead = Object.keys(optimisers).filter((name) => name.startsWith('optuna') && own !== undefined && (of[name]?.[last] ?? 0) > own + 0.001)
    return ahead.length === 0 ? [] : [`${id} (${ahead.map((name) => `${name.replace('optuna-', '')} ${(1000 * (of[name]?.[last] ?? 0)).toFixed(0)}, ours ${(1000 * (own ?? 0)).toFixed(0)}`).join('; ')})`]
  })
  return `After 100 trials \`${ours}\` is behind a peer by more than .001 on: ${lost.length === 0 ? 'none' : lost.join(', ')}.`
}
