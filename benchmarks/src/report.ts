/**
 * Makes the plots of results/plots and the tables of docs/benchmarks.md from the stored results, in seconds:
 *
 *     node --conditions=attune-source src/report.ts [--sampler auto]
 *
 * A table stands between <!-- generated: NAME --> and <!-- end: NAME --> in the page; whatever stands between them is replaced. Tables without a place are left out.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FrontComparison, frontDuels, frontLosses, frontProblems, frontTable } from './compare-fronts.ts'
import { compare, type Comparison } from './comparison.ts'
import { lineChart } from './line-chart.ts'
import { storedPeers } from './peer-curves.ts'
import { benchmarksFolder, problemEntries } from './problems/load.ts'
import { anchorsOf, readAnchors } from './problems/regret.ts'
import { amongOurselves, type ConcurrencyResult, concurrencyTable, concurrencyVerdict, duelTable, functionTable, headline, losses, type OverheadResult, overheadLosses, overheadTable, perProblem, regretTable, shortName, trialTime } from './report-tables.ts'
import { curvesPath, readCurves, type StoredCurves, suffixOf } from './stored-curves.ts'

const { values: options } = parseArgs({ options: { sampler: { type: 'string' } } })
const page = join(benchmarksFolder, '..', 'docs', 'benchmarks.md')
const plots = join(benchmarksFolder, 'results', 'plots')
mkdirSync(plots, { recursive: true })
const ids = ['auto', 'gp', 'tpe', 'forest', 'cma-es', 'annealing', 'differential-evolution', 'quasi-random', 'random']

const blocks = new Map<string, string>()
for (const list of ['problems.json', 'validation.json', 'functions.json', 'hierarchical.json']) {
  const found = comparisonOf(list, suffixOf(list))
  if (found !== undefined) describe(list.replace('.json', ''), found, list)
}
const noise = comparisonOf('problems.json', '-noise')
if (noise !== undefined) {
  blocks.set('noise', regretTable(noise.comparison, noise.others))
  blocks.set('noise-duels', duelTable(noise.comparison))
}
const concurrency = readdirSync(join(benchmarksFolder, 'results')).filter((name) => name.startsWith('concurrency-')).sort()
const concurrent = concurrency.map((name) => JSON.parse(readFileSync(join(benchmarksFolder, 'results', name), 'utf8')) as ConcurrencyResult)
blocks.set('concurrency', concurrencyTable(concurrent))
blocks.set('concurrency-verdict', concurrencyVerdict(concurrent))
if (existsSync(curvesPath('multi-objective'))) {
  const fronts = JSON.parse(readFileSync(curvesPath('multi-objective'), 'utf8')) as FrontComparison
  blocks.set('fronts', frontTable(fronts))
  blocks.set('front-duels', frontDuels(fronts))
  blocks.set('front-losses', frontLosses(fronts, 'gp'))
  blocks.set('front-problems', frontProblems(fronts))
}
if (existsSync(curvesPath('overhead'))) {
  const overhead = JSON.parse(readFileSync(curvesPath('overhead'), 'utf8')) as OverheadResult
  blocks.set('overhead', overheadTable(overhead))
  blocks.set('overhead-losses', overheadLosses(overhead))
  blocks.set('trial-time', trialTime(overhead))
}
writeFileSync(page, replaced(readFileSync(page, 'utf8')))

interface Found {
  readonly comparison: Comparison
  /** Our other samplers. */
  readonly others: readonly Comparison[]
  readonly stored: readonly StoredCurves[]
}

/** The sampler named, else the first of ours that was measured, beside the peers; its problems are those that it was run on. */
function comparisonOf(list: string, suffix: string): Found | undefined {
  const measured = ids.filter((id) => existsSync(curvesPath(`attune-${id}${suffix}`)))
  const first = options.sampler ?? measured[0]
  if (first === undefined || !measured.includes(first)) return undefined
  const entries = problemEntries(list).filter(({ family }) => suffix !== '-noise' || family === 'tables')
  const peers = storedPeers(suffix)
  const curves = [first, ...measured.filter((id) => id !== first)].map((id) => readCurves(curvesPath(`attune-${id}${suffix}`)) as StoredCurves)
  const [comparison, ...others] = curves.map((one) => compare(one, peers, entries, readAnchors(anchorsOf(list))))
  return comparison === undefined ? undefined : { comparison, others, stored: [...curves, ...peers] }
}

function describe(name: string, { comparison, others, stored }: Found, list: string): void {
  blocks.set(name, regretTable(comparison, others))
  blocks.set(`${name}-headline`, headline(comparison))
  blocks.set(`${name}-duels`, duelTable(comparison))
  blocks.set(`${name}-losses`, losses(comparison))
  blocks.set(`${name}-ours`, amongOurselves(comparison, others))
  if (name === 'functions') blocks.set('functions-values', functionTable(stored, problemEntries(list)))
  blocks.set(`${name}-each`, perProblem(comparison, problemEntries(list)))
  const shown = [comparison.ours, ...others.map(({ ours }) => ours).filter(({ optimiser }) => /(gp|tpe|forest)@/.test(optimiser)), ...comparison.peers]
  for (const family of Object.keys(comparison.ours.families)) {
    if (['functions', 'hierarchical'].includes(name) && family !== 'all') continue
    const series = shown.flatMap((one, index) => (one.curves[family] === undefined ? [] : [{ name: shortName(one.optimiser), values: one.curves[family], emphasised: index === 0 }]))
    const file = `regret-${name}-${family}.svg`
    writeFileSync(join(plots, file), lineChart(`Mean normalised regret, ${family === 'all' ? 'all' : family} (${comparison.ours.families[family]?.problems} of ${name}.json)`, 'regret', series))
  }
}

function replaced(text: string): string {
  let result = text
  for (const [name, block] of blocks) {
    const pattern = new RegExp(`(<!-- generated: ${name} -->\n)[\\s\\S]*?(<!-- end: ${name} -->)`)
    if (pattern.test(result)) result = result.replace(pattern, (_, begin: string, end: string) => `${begin}${block}\n${end}`)
  }
  return result
}
