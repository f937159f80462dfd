/**
 * Measures samplers on problems of several objectives by the hypervolume of what they found, and compares all that is stored.
 *
 *     node --conditions=attune-source src/multi-objective.ts [--run nsgaII,tpe,optuna-NSGAIISampler,…] [--seeds 20] [--trials 100]
 *         [--problems REGULAR-EXPRESSION] [--data FOLDER] [--add]
 *
 * Without --run it compares what is stored. With --add it runs what is missing and keeps the rest. Peers are run once: their runs lie in results/peers.
 */
import { parseArgs } from 'node:util'
import { random, type SamplerFactory } from '@attune/core'
import { gp, nsgaII, nsgaIII, tpe } from '@attune/samplers'
import { compareFronts, frontDuels, frontProblems, frontTable } from './compare-fronts.ts'
import { readFrontAnchors, readRuns, runsSoFar, storeRuns } from './front-results.ts'
import { attuneRunner, type FrontRun, type FrontRunner, optunaRunner } from './front-runs.ts'
import { storeResult } from './machine.ts'
import { defaultDataFolder } from './problems/load.ts'
import { loadFrontProblems } from './problems/several-objectives.ts'

const { values: options } = parseArgs({
  options: {
    run: { type: 'string', default: '' },
    seeds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '100' },
    problems: { type: 'string', default: '' },
    data: { type: 'string', default: defaultDataFolder },
    add: { type: 'boolean', default: false },
  },
})
const samplers: Readonly<Record<string, () => SamplerFactory>> = { random, nsgaII, nsgaIII, tpe, gp }
const problems = (await loadFrontProblems(options.data)).filter(({ id }) => new RegExp(options.problems).test(id))
const trials = Number(options.trials)
const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)

async function runnerOf(name: string): Promise<FrontRunner> {
  if (name.startsWith('optuna-')) return optunaRunner(name.slice('optuna-'.length), name === 'optuna-GPSampler' ? 'optuna-gp-requirements.txt' : 'requirements.txt')
  const make = samplers[name]
  if (make === undefined) throw new Error(`--run knows ${Object.keys(samplers).join(', ')} and optuna-TPESampler, -NSGAIISampler, -NSGAIIISampler, -GPSampler, not ${name}`)
  const sampler = make()
  return attuneRunner(`attune ${sampler.id}@${sampler.revision}`, sampler)
}

for (const name of options.run.split(',').filter((one) => one !== '')) {
  const runner = await runnerOf(name)
  const started = performance.now()
  const runs: Record<string, readonly FrontRun[]> = options.add ? { ...runsSoFar(name) } : {}
  for (const problem of problems) {
    const list = [...(runs[problem.id] ?? [])]
    for (const seed of seeds.slice(list.length)) list.push(await runner.run(problem, seed, trials))
    runs[problem.id] = list
    const header = { optimiser: runner.name, settings: 'defaults', command: `node --conditions=attune-source benchmarks/src/multi-objective.ts --run ${name} --seeds ${seeds.length} --trials ${trials}`, date: new Date().toISOString().slice(0, 10), trials }
    storeRuns(name, header, runs) // at once, so that an interrupted run can go on with --add
    console.error(`${((performance.now() - started) / 1000).toFixed(0)} s  ${name}  ${problem.id}`)
  }
  runner.close()
}

const comparison = compareFronts(readRuns(), problems, readFrontAnchors())
console.log([frontTable(comparison), frontProblems(comparison), frontDuels(comparison)].join('\n\n'))
// A checkout that has runs of the peers only would take away what is stored of ours.
if (options.problems === '' && Object.keys(comparison.optimisers).some((name) => name in samplers)) storeResult('multi-objective', { command: 'node --conditions=attune-source benchmarks/src/multi-objective.ts', ...comparison })
