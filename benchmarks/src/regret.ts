/**
 * Measures a sampler of ours on the benchmark problems, and compares it with the stored curves of the peers.
 *
 *     node --conditions=attune-source src/regret.ts [--sampler auto] [--seeds 20] [--trials 100] [--jobs 2]
 *         [--problems problems.json|validation.json|functions.json] [--data FOLDER] [--compare-only] [--no-store]
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compare, printComparison } from './comparison.ts'
import { measureCurves } from './measure-curves.ts'
import { storedPeers } from './peer-curves.ts'
import { defaultDataFolder, problemEntries } from './problems/load.ts'
import { anchorsOf, readAnchors } from './problems/regret.ts'
import { samplerNamed } from './samplers.ts'
import { curvesPath, readCurves, storeComparison, storeCurves, suffixOf } from './stored-curves.ts'

const { values: options } = parseArgs({
  options: {
    sampler: { type: 'string', default: 'auto' },
    seeds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '100' },
    jobs: { type: 'string', default: '1' },
    problems: { type: 'string', default: 'problems.json' },
    data: { type: 'string', default: defaultDataFolder },
    'compare-only': { type: 'boolean', default: false },
    // Seeds and trials of an experiment are not the stored result.
    'no-store': { type: 'boolean', default: false },
  },
})
const list = options.problems
const suffix = suffixOf(list)
const file = options['no-store'] ? join(tmpdir(), `attune-${options.sampler}${suffix}-${process.pid}.json`) : curvesPath(`attune-${options.sampler}${suffix}`)
const entries = problemEntries(list)

if (!options['compare-only']) {
  const sampler = samplerNamed(options.sampler)
  const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)
  const trials = Number(options.trials)
  const [measured] = await measureCurves([{ sampler: options.sampler, list, entries, data: options.data, seeds, trials }], Number(options.jobs), (text) => console.error(text))
  if (measured === undefined) throw new Error('nothing was measured')
  const command = `node --conditions=attune-source benchmarks/src/regret.ts --sampler ${options.sampler} --seeds ${seeds.length} --trials ${trials} --problems ${list}`
  storeCurves(file, { optimiser: `attune ${sampler.id}@${sampler.revision}`, settings: 'defaults', command, seeds, trials }, measured)
}

const ours = readCurves(file)
if (ours === undefined) throw new Error(`${file} is not there: measure the sampler first`)
const comparison = compare(ours, storedPeers(suffix), entries, readAnchors(anchorsOf(list)))
printComparison(comparison)
if (!options['no-store']) storeComparison(`${options.sampler}${suffix}`, comparison)
