import type { FrontAnchor, StoredRuns } from './front-results.ts'
import type { FrontRun } from './front-runs.ts'
import { hypervolumeOf } from './problems/hypervolume.ts'
import { type FrontProblem, lossesOf } from './problems/several-objectives.ts'
import { mean, wilcoxonSignedRank } from './statistics.ts'

/** Normalised hypervolumes (1 is the best front) of all optimisers, means over seeds at each of `trials`. */
export interface FrontComparison {
  readonly trials: readonly number[]
  readonly optimisers: Readonly<Record<string, { readonly optimiser: string; readonly seeds: number; readonly families: Readonly<Record<string, readonly number[]>>; readonly ranks: readonly number[] }>>
  readonly perProblem: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>
  /** Of each pair of optimisers: problems on which the first is ahead of the second at each of `trials`, of how many, and Wilcoxon's p over problems. */
  readonly pairs: Readonly<Record<string, { readonly ahead: readonly number[]; readonly of: number; readonly p: readonly number[] }>>
}

const checkpoints = [20, 50, 100]

export function compareFronts(stored: readonly (StoredRuns & { readonly name: string })[], problems: readonly FrontProblem[], anchors: Readonly<Record<string, FrontAnchor>>): FrontComparison {
  const perProblem: Record<string, Record<string, readonly number[]>> = {}
  for (const { id, directions } of problems) {
    const anchor = anchors[id]
    if (anchor === undefined) throw new Error(`several-objectives-anchors.json has no entry for ${id}: run multi-objective-anchors.ts`)
    const reached = (run: FrontRun, trials: number): number => hypervolumeOf(run.flatMap(([trial = 0, ...values]) => (trial <= trials ? [lossesOf(values, directions)] : [])), anchor.reference) / anchor.hypervolume
    perProblem[id] = Object.fromEntries(stored.flatMap(({ name, runs }) => (runs[id] === undefined ? [] : [[name, checkpoints.map((trials) => mean((runs[id] ?? []).map((run) => reached(run, trials))))]])))
  }
  const optimisers = Object.fromEntries(stored.map(({ name, optimiser, runs }) => {
    const families: Record<string, readonly number[]> = {}
    for (const family of ['all', ...new Set(problems.map((one) => one.family))]) {
      const members = problems.filter((one) => (family === 'all' || one.family === family) && runs[one.id] !== undefined).map(({ id }) => perProblem[id]?.[name] as readonly number[])
      families[family] = checkpoints.map((_, i) => mean(members.map((one) => one[i] as number)))
    }
    const ranks = checkpoints.map((_, i) => mean(problems.filter(({ id }) => runs[id] !== undefined).map(({ id }) => rankOf(name, perProblem[id] ?? {}, i))))
    return [name, { optimiser, seeds: Object.values(runs)[0]?.length ?? 0, families, ranks }]
  }))
  const pairs: Record<string, { ahead: number[]; of: number; p: number[] }> = {}
  for (const { name, optimiser } of stored) {
    for (const other of stored) {
      if (!optimiser.startsWith('attune') || other.name === name) continue
      const differences = checkpoints.map((_, i) => Object.values(perProblem).flatMap((of) => (of[name] === undefined || of[other.name] === undefined ? [] : [(of[name][i] as number) - (of[other.name]?.[i] as number)])))
      pairs[`${name} against ${other.name}`] = { ahead: differences.map((one) => one.filter((difference) => difference > 0).length), of: differences[0]?.length ?? 0, p: differences.map(wilcoxonSignedRank) }
    }
  }
  return { trials: checkpoints, optimisers, perProblem, pairs }
}

/** 1 for the highest; equals share the mean. */
function rankOf(name: string, of: Readonly<Record<string, readonly number[]>>, i: number): number {
  const own = of[name]?.[i] as number
  const others = Object.entries(of).filter(([other]) => other !== name)
  return 1 + others.filter(([, values]) => (values[i] as number) > own).length + 0.5 * others.filter(([, values]) => values[i] === own).length
}

const thousandths = (values: readonly number[] = []): string => values.map((value) => (Number.isNaN(value) ? '–' : (1000 * value).toFixed(0))).join(' / ')

/** Prints the tables of docs/benchmarks.md. */
export function printFronts({ optimisers, perProblem, pairs }: FrontComparison): void {
  const names = Object.keys(optimisers)
  const families = Object.keys(Object.values(optimisers)[0]?.families ?? {})
  console.log(`| | ${families.join(' | ')} | mean rank |\n|---|${'---|'.repeat(families.length + 1)}`)
  for (const [name, { families: of, ranks, seeds }] of Object.entries(optimisers)) console.log(`| ${name} (${seeds} seeds) | ${families.map((family) => thousandths(of[family])).join(' | ')} | ${ranks.map((rank) => rank.toFixed(1)).join(' / ')} |`)
  console.log(`\n| problem | ${names.join(' | ')} |\n|---|${'---|'.repeat(names.length)}`)
  for (const [id, of] of Object.entries(perProblem)) console.log(`| ${id} | ${names.map((name) => thousandths(of[name])).join(' | ')} |`)
  console.log()
  for (const [pair, { ahead, of, p }] of Object.entries(pairs)) console.log(`${pair}: ahead on ${ahead.join(' / ')} of ${of}, p ${p.map((one) => one.toPrecision(2)).join(' / ')}`)
}
