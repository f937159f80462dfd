/** The tables of docs/benchmarks.md, as Markdown. */
import { checkpoints, type Comparison, isRandom, type Standing } from './comparison.ts'
import type { ProblemEntry } from './problems/problem.ts'
import { bestAfter } from './problems/regret.ts'
import { percentile } from './statistics.ts'
import type { StoredCurves } from './stored-curves.ts'

const thousandths = (values: readonly number[]): string => values.map((value) => (1000 * value).toFixed(0)).join(' / ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n')

/** `attune tpe@2` is ours; a peer keeps its version. */
export function shortName(optimiser: string): string {
  const [library = '', version = '', sampler = ''] = optimiser.split(' ')
  if (library === 'attune') return `Attune ${version.replace(/@.*/, '')}`
  const names: Readonly<Record<string, string>> = { optuna: 'Optuna', rustuna: 'Rustuna', hyperopt: 'Hyperopt', smac: 'SMAC3', hebo: 'HEBO' }
  const samplers: Readonly<Record<string, string>> = { tpe: 'TPE', gp: 'GP', forest: 'forest', random: 'random' }
  return `${names[library] ?? library} ${version} ${samplers[sampler] ?? sampler}`
}

export function regretTable(comparison: Comparison, others: readonly Comparison[]): string {
  const families = Object.keys(comparison.ours.families).filter((family, _, all) => family !== 'all' || all.length !== 2)
  const row = (one: Standing, bold: boolean): readonly string[] => {
    const mark = (text: string): string => (bold ? `**${text}**` : text)
    const match = one.trialsToMatch
    return [
      mark(shortName(one.optimiser)),
      String(one.seeds),
      ...families.map((family) => (one.families[family] === undefined ? '–' : mark(thousandths(one.families[family].regret)))),
      one.meanRank === undefined ? '–' : one.meanRank.map((rank) => rank.toFixed(1)).join(' / '),
      match === undefined ? '–' : (match.median?.toFixed(0) ?? 'never'),
    ]
  }
  const head = ['optimiser', 'seeds', ...families.map((family) => `${family} (${comparison.ours.families[family]?.problems})`), 'mean rank', 'trials to match']
  const mine = others.map(({ ours }) => ({ ...ours, meanRank: undefined }))
  return table(head, [row(comparison.ours, true), ...comparison.peers.map((one) => row(one, false)), ...mine.map((one) => row(one, false))])
}

export function headline({ ours, peers, worstCase }: Comparison): string {
  const lines: string[] = []
  const best = checkpoints.map((_, at) => [...peers].filter((one) => one.families['all'] !== undefined).sort((a, b) => (a.families['all']?.regret[at] ?? 1) - (b.families['all']?.regret[at] ?? 1))[0])
  const regret = ours.families['all']
  if (regret !== undefined) lines.push(`${shortName(ours.optimiser)}: ${regret.regret.map((value, at) => `${(1000 * value).toFixed(0)} [${regret.interval[at]?.map((bound) => (1000 * bound).toFixed(0)).join(', ')}]`).join(' / ')} at ${checkpoints.join(' / ')} trials (95 % bootstrap intervals over problems); the best peer there: ${named(best.map((one, at) => (one === undefined ? ['–', ''] : [shortName(one.optimiser), (1000 * (one.families['all']?.regret[at] ?? 0)).toFixed(0)])))}.`)
  const match = ours.trialsToMatch
  if (match !== undefined) lines.push(`What Optuna's default has after 100 trials, it has after a median of ${match.median ?? 'more than 100'} trials${match.never > 0 ? ` (never within 100 on ${match.never} problems)` : ''}; its mean curve after ${match.ofMeanCurve ?? 'more than 100'}.`)
  if (worstCase !== undefined) {
    const above = Object.entries(worstCase.above)
    lines.push(`Worst cases: on ${above.length} of ${worstCase.problems} problems its regret at 100 is above max(1.25 ×, + .01) of the better of Optuna's TPE and GPSampler${above.length === 0 ? '.' : `: ${above.map(([id, { ours: own, bound }]) => `${id} (${(1000 * own).toFixed(0)} > ${(1000 * bound).toFixed(0)})`).join(', ')}.`}`)
  }
  return lines.join('\n')
}

/** `Optuna GP 9 / 8, Optuna TPE 7`: who comes twice in a row is named once. */
function named(rows: readonly (readonly string[])[]): string {
  return rows.map(([name = '', value = ''], at) => (at === 0 ? `${name} ${value}` : rows[at - 1]?.[0] === name ? ` / ${value}` : `, ${name} ${value}`)).join('').trim()
}

export function duelTable({ duels }: Comparison): string {
  const p = (value: number): string => (value < 0.001 ? value.toExponential(0) : value.toPrecision(2))
  return table(
    ['against', 'problems', 'theirs', 'difference', '95 % interval', 'p', 'won', 'lost'],
    duels.map((one) => [shortName(one.peer), String(one.problems), thousandths(one.theirs), thousandths(one.difference), one.interval.map(([low, high]) => `[${(1000 * low).toFixed(0)}, ${(1000 * high).toFixed(0)}]`).join(' '), one.p.map(p).join(' / '), one.wins.join(' / '), one.losses.join(' / ')]),
  )
}

/** Each problem on which a peer is ahead at 100 trials, by peer. */
export function losses({ ours, peers }: Comparison): string {
  const rows = peers.filter(({ optimiser }) => !isRandom(optimiser)).map((peer) => {
    const lost = Object.entries(peer.perProblem).filter(([id, values]) => (ours.perProblem[id]?.[2] ?? 0) > (values[2] ?? 0))
    return `- ${shortName(peer.optimiser)}: ${lost.length === 0 ? 'none' : lost.map(([id, values]) => `${id} (${apart(ours.perProblem[id]?.[2] ?? 0, values[2] ?? 0)})`).join(', ')}`
  })
  const random = peers.filter(({ optimiser }) => isRandom(optimiser)).map((peer) => {
    const lost = Object.entries(peer.perProblem).filter(([id, values]) => values.some((value, at) => (ours.perProblem[id]?.[at] ?? 0) > value))
    return `- random, at 20, 50 or 100 trials: ${lost.length === 0 ? 'none' : lost.map(([id]) => id).join(', ')}`
  })
  return [...rows, ...random].join('\n')
}

/** Regrets × 1000, with decimals where they are the same without. */
function apart(own: number, other: number): string {
  const digits = [0, 1, 2, 3].find((count) => (1000 * own).toFixed(count) !== (1000 * other).toFixed(count)) ?? 3
  return `${(1000 * own).toFixed(digits)} to ${(1000 * other).toFixed(digits)}`
}

/** By family at 100 trials: our first sampler beside the best single one of ours. */
export function amongOurselves(comparison: Comparison, others: readonly Comparison[]): string {
  const rows = Object.entries(comparison.ours.families).map(([family, { regret }]) => {
    const rivals = others.flatMap(({ ours }) => (ours.families[family] === undefined ? [] : [{ name: shortName(ours.optimiser), regret: ours.families[family].regret }]))
    const best = checkpoints.map((_, at) => [...rivals].sort((a, b) => (a.regret[at] ?? 1) - (b.regret[at] ?? 1))[0])
    return [family, thousandths(regret), best.map((one, at) => (one === undefined ? '–' : `${one.name.replace('Attune ', '')} ${(1000 * (one.regret[at] ?? 0)).toFixed(0)}`)).join(' / ')]
  })
  return table(['family', shortName(comparison.ours.optimiser), 'best other sampler of ours'], rows)
}

export function perProblem({ ours, peers }: Comparison, entries: readonly ProblemEntry[]): string {
  const shown = peers.filter(({ optimiser }) => /(gp|tpe|forest)$/.test(optimiser) && !/^(rustuna|hyperopt)/.test(optimiser))
  const rows = entries.flatMap(({ id }) => {
    const own = ours.perProblem[id]
    if (own === undefined) return []
    const lostTo = checkpoints.filter((_, at) => peers.some((peer) => (peer.perProblem[id]?.[at] ?? 1) < (own[at] ?? 0)))
    return [[id, thousandths(own), ...shown.map((peer) => (peer.perProblem[id] === undefined ? '–' : thousandths(peer.perProblem[id]))), lostTo.length === 0 ? '' : `not first at ${lostTo.join(', ')}`]]
  })
  return table(['problem', shortName(ours.optimiser), ...shown.map(({ optimiser }) => shortName(optimiser)), ''], rows)
}

/** Best value after 100 trials, median of the seeds. */
export function functionTable(stored: readonly StoredCurves[], entries: readonly ProblemEntry[]): string {
  const value = (one: StoredCurves, id: string): string => {
    const runs = one.curves[id]
    return runs === undefined || runs.length === 0 ? '–' : percentile(runs.map((run) => bestAfter(run, 100)), 0.5).toPrecision(3)
  }
  return table(['function / parameters', ...stored.map(({ optimiser }) => shortName(optimiser))], entries.map(({ id }) => [id, ...stored.map((one) => value(one, id))]))
}

interface ConcurrentWay {
  readonly regret: readonly number[]
  readonly finalRatio: number
  readonly finalDifferenceInterval95: readonly number[]
}

export interface ConcurrencyResult {
  readonly sampler: string
  readonly seeds: number
  readonly families: readonly { readonly family: string; readonly problems: number; readonly sequential: readonly number[]; readonly replaced: ConcurrentWay; readonly batches: ConcurrentWay }[]
}

export function concurrencyTable(results: readonly ConcurrencyResult[]): string {
  const way = ({ regret, finalRatio, finalDifferenceInterval95 }: ConcurrentWay): readonly string[] => [thousandths(regret), finalRatio.toFixed(2), `[${finalDifferenceInterval95.map((bound) => String(Math.round(1000 * bound) + 0)).join(', ')}]`]
  const rows = results.flatMap(({ sampler, seeds, families }) => families.map((one) => [sampler.replace(/@.*/, ''), String(seeds), `${one.family} (${one.problems})`, thousandths(one.sequential), ...way(one.replaced), ...way(one.batches)]))
  return table(['sampler', 'seeds', 'problems', 'one at a time', 'sixteen, replaced', 'ratio', 'difference', 'sixteen in batches', 'ratio', 'difference'], rows)
}

/** What the ratio of all problems may be. */
const mostConcurrent = 1.15

export function concurrencyVerdict(results: readonly ConcurrencyResult[]): string {
  const rows = results.flatMap(({ sampler, families }) => families.filter(({ family }) => family === 'all').map(({ replaced, batches }) => {
    const missed = Object.entries({ replaced, 'in batches': batches }).filter(([, { finalRatio }]) => finalRatio > mostConcurrent)
    return `- ${sampler.replace(/@.*/, '')}: the goal of ${mostConcurrent} over all problems is ${missed.length === 0 ? 'kept' : `**missed**: ${missed.map(([name, { finalRatio }]) => `${finalRatio.toFixed(2)} ${name}`).join(', ')}`}.`
  }))
  return rows.join('\n')
}

interface Spread {
  readonly p50: number
  readonly p95: number
  readonly mean: number
}

export interface OverheadResult {
  readonly trialMicroseconds: Readonly<Record<string, { readonly passed: readonly number[]; readonly processor: readonly number[] }>>
  readonly cases: readonly { readonly group: string; readonly trials: number; readonly dimensions: number; readonly loop: boolean; readonly load: number; readonly rows: readonly { readonly who: string; readonly ask: Spread; readonly tell: Spread; readonly cpu: number }[] }[]
}

export function overheadTable({ cases }: OverheadResult): string {
  const ms = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2))
  const rows = cases.flatMap(({ trials, dimensions, load, rows: measured }) => measured.map(({ who, ask, tell, cpu }, index) => {
    const ours = who.startsWith('attune')
    const ratio = ours ? '' : `${(cpu / (measured[0]?.cpu ?? Number.NaN)).toPrecision(2)} ×`
    return [index === 0 ? `${trials.toLocaleString('en')}, ${dimensions}` : '', shortName(who), `${ms(ask.p50)} (${ms(ask.p95)})`, ms(ask.mean), ms(tell.p50), ms(cpu), ratio, index === 0 ? String(load) : '']
  }))
  return table(['trials, parameters', 'sampler', 'ask p50 (p95)', 'ask, mean', 'tell p50', 'processor, both', 'of our first', 'load'], rows)
}

/** Where a peer is quicker than our first sampler, by the mean of an ask (a median forgets fits that are not made for each trial) or by the processor's time of a whole trial. */
export function overheadLosses({ cases }: OverheadResult): string {
  const rows = cases.flatMap(({ trials, dimensions, rows: [first, ...others] }) => others.flatMap(({ who, ask, cpu }) => {
    if (first === undefined || who.startsWith('attune') || (ask.mean >= first.ask.mean && cpu >= first.cpu)) return []
    return [`- ${shortName(who)}, ${trials.toLocaleString('en')} trials of ${dimensions} parameters: an ask (mean) takes ${(ask.mean / first.ask.mean).toPrecision(2)} of the time of ${shortName(first.who)}'s, the processor for a trial ${(cpu / first.cpu).toPrecision(2)}`]
  }))
  return rows.length === 0 ? 'Nowhere.' : rows.join('\n')
}

export function trialTime({ trialMicroseconds }: OverheadResult): string {
  const text = (values: readonly number[]): string => values.map((one) => one.toFixed(1)).join(', ')
  return Object.entries(trialMicroseconds).map(([name, { passed, processor }]) => `- ${name}: ${text(passed)} µs in five runs; of the processor ${text(processor)}`).join('\n')
}
