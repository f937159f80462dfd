/**
 * The tables with noise: each trial answers one of the repeated measurements of its configuration, and what counts is the true mean of the
 * configuration that measured best so far: src/noise.ts [--sampler auto] [--seeds 20] [--jobs 2] [--data FOLDER] [--compare-only]
 * The peers' curves come from their scripts with --noise.
 */
import { parseArgs } from 'node:util'
import { compare, printComparison } from './comparison.ts'
import { measureCurves } from './measure-curves.ts'
import { storedPeers } from './peer-curves.ts'
import { defaultDataFolder, problemEntries } from './problems/load.ts'
import { readAnchors } from './problems/regret.ts'
import { samplerNamed } from './samplers.ts'
import { curvesPath, readCurves, storeComparison, storeCurves } from './stored-curves.ts'

const { values: options } = parseArgs({
  options: {
    sampler: { type: 'string', default: 'auto' },
    seeds: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '1' },
    data: { type: 'string', default: defaultDataFolder },
    'compare-only': { type: 'boolean', default: false },
  },
})
const list = 'problems.json'
const file = curvesPath(`attune-${options.sampler}-noise`)
const entries = problemEntries(list).filter(({ family }) => family === 'tables')
if (!options['compare-only']) {
  const sampler = samplerNamed(options.sampler)
  const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)
  const [measured] = await measureCurves([{ sampler: options.sampler, list, entries, data: options.data, seeds, trials: 100, noise: true }], Number(options.jobs), (text) => console.error(text))
  if (measured === undefined) throw new Error('nothing was measured')
  const command = `node --conditions=attune-source benchmarks/src/noise.ts --sampler ${options.sampler} --seeds ${seeds.length}`
  storeCurves(file, { optimiser: `attune ${sampler.id}@${sampler.revision}`, settings: 'defaults; noise', command, seeds, trials: 100 }, measured)
}
const ours = readCurves(file)
if (ours === undefined) throw new Error(`${file} is not there: measure the sampler first`)
const comparison = compare(ours, storedPeers('-noise'), entries, readAnchors())
printComparison(comparison)
storeComparison(`${options.sampler}-noise`, comparison)
