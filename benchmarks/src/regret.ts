/**
 * Measures samplers of ours on the benchmark problems and compares them with stored curves of Optuna 5.
 *
 *     node --conditions=attune-source src/regret.ts [--sampler tpe|random] [--seeds 20] [--trials 100]
 *         [--problems problems.json] [--data FOLDER] [--compare-only]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { random } from '@attune/core'
import { tpe } from '@attune/samplers'
import { anytimeCurve } from './anytime-curve.ts'
import { compareCurves, printComparison, type StoredCurves } from './compare-curves.ts'
import { attuneProblem } from './problems/attune-problem.ts'
import { benchmarksFolder, defaultDataFolder, loadProblems, problemEntries } from './problems/load.ts'
import { type Improvements, readAnchors } from './problems/regret.ts'

const { values: options } = parseArgs({
  options: {
    sampler: { type: 'string', default: 'tpe' },
    seeds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '100' },
    problems: { type: 'string', default: 'problems.json' },
    data: { type: 'string', default: defaultDataFolder },
    'compare-only': { type: 'boolean', default: false },
  },
})
const samplers = { random, tpe }
if (!(options.sampler in samplers)) throw new Error(`--sampler is one of ${Object.keys(samplers).join(', ')}, not ${options.sampler}`)
const sampler = samplers[options.sampler as keyof typeof samplers]()
const list = options.problems.replace(/\.json$/, '')
const suffix = list === 'problems' ? '' : `-${list}`
const results = join(benchmarksFolder, 'results')
const file = join(results, `attune-${options.sampler}${suffix}.json`)
const trials = Number(options.trials)
const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)
const entries = problemEntries(options.problems)

if (!options['compare-only']) {
  const curves: Record<string, Improvements[]> = {}
  for (const problem of await loadProblems(options.data, entries)) {
    const ours = attuneProblem(problem)
    const runs: Improvements[] = []
    for (const seed of seeds) runs.push(await anytimeCurve(ours, sampler, seed, trials))
    curves[problem.id] = runs
    console.error(problem.id)
  }
  const header = {
    formatVersion: 1,
    optimiser: `attune ${sampler.id}@${sampler.revision}`,
    settings: 'defaults',
    command: `node --conditions=attune-source benchmarks/src/regret.ts --sampler ${options.sampler} --seeds ${seeds.length} --trials ${trials} --problems ${options.problems}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    seeds,
    trials,
    encoding: 'curves[problem][seed] = improvements [[trial from 1, best value], ...]',
  }
  const lines = Object.entries(curves).map(([id, runs]) => `  ${JSON.stringify(id)}: [\n${runs.map((run) => `    ${JSON.stringify(run)}`).join(',\n')}\n  ]`)
  writeFileSync(file, `${JSON.stringify(header, null, 1).slice(0, -2)},\n "curves": {\n${lines.join(',\n')}\n }\n}\n`)
}

const read = (path: string): StoredCurves => JSON.parse(readFileSync(path, 'utf8')) as StoredCurves
const peer = join(results, 'peers', `optuna-5.0.0-${options.sampler}${suffix}.json`)
const anchors = readAnchors(suffix === '' ? 'anchors.json' : `${list}-anchors.json`)
const comparison = compareCurves(read(file), read(peer), entries, anchors)
printComparison(comparison)
writeFileSync(join(results, `regret-${options.sampler}${suffix}.json`), `${JSON.stringify(comparison, null, 1)}\n`)
