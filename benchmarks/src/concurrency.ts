/**
 * Sixteen trials at a time beside one at a time, at equal numbers of trials, in two ways: another trial begins as soon as one has ended (which one
 * is drawn at random), as `optimize` does; and in batches, where all sixteen are told before the next is asked for.
 * src/concurrency.ts [--sampler auto] [--seeds 10] [--trials 100] [--jobs 2] [--data FOLDER]
 */
import { parseArgs } from 'node:util'
import { checkpoints } from './comparison.ts'
import { storeResult } from './machine.ts'
import { measureCurves } from './measure-curves.ts'
import { defaultDataFolder, problemEntries } from './problems/load.ts'
import { type Anchors, bestAfter, normalisedRegret, readAnchors } from './problems/regret.ts'
import { samplerNamed } from './samplers.ts'
import { bootstrapInterval, mean } from './statistics.ts'

const { values: options } = parseArgs({
  options: { sampler: { type: 'string', default: 'auto' }, seeds: { type: 'string', default: '10' }, trials: { type: 'string', default: '100' }, jobs: { type: 'string', default: '1' }, data: { type: 'string', default: defaultDataFolder } },
})
const concurrency = 16
const list = 'problems.json'
const entries = problemEntries(list)
const anchors = readAnchors()
const sampler = samplerNamed(options.sampler)
const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)
const trials = Number(options.trials)
const common = { sampler: options.sampler, list, entries, data: options.data, seeds, trials }
const [sequential, replaced, batches] = await measureCurves([common, { ...common, concurrency }, { ...common, concurrency, batches: true }], Number(options.jobs), (text) => console.error(text))
if (sequential === undefined || replaced === undefined || batches === undefined) throw new Error('nothing was measured')
if ([sequential, replaced, batches].some(({ failed }) => failed.length > 0)) process.exitCode = 1

const regrets = (curves: typeof sequential.curves, ids: readonly string[], at: number): readonly number[] => ids.map((id) => mean((curves[id] ?? []).map((run) => normalisedRegret(bestAfter(run, at), anchors[id] as Anchors))))
const marks = checkpoints.filter((at) => at <= trials)
const families = ['all', ...new Set(entries.map(({ family }) => family))].map((family) => {
  const ids = entries.filter((entry) => (family === 'all' || entry.family === family) && sequential.curves[entry.id] !== undefined).map(({ id }) => id)
  const [one = [], ...others] = [sequential, replaced, batches].map(({ curves }) => marks.map((at) => regrets(curves, ids, at)))
  const ways = others.map((many) => {
    let state = 1
    const differences = (many.at(-1) ?? []).map((value, index) => value - (one.at(-1)?.[index] ?? 0))
    return { regret: many.map(mean), finalRatio: mean(many.at(-1) ?? []) / mean(one.at(-1) ?? []), finalDifferenceInterval95: bootstrapInterval(differences, () => (state = (state * 48271) % 2147483647) / 2147483647) }
  })
  return { family, problems: ids.length, sequential: one.map(mean), replaced: ways[0], batches: ways[1] }
})
const text = (values: readonly number[]): string => values.map((value) => (1000 * value).toFixed(0)).join(' / ')
console.log(`${options.sampler}: mean normalised regret × 1000 at ${marks.join(' / ')} trials, one at a time and ${concurrency} at a time, ${seeds.length} seeds`)
for (const { family, sequential: one, replaced: first, batches: second } of families) {
  console.log(`${family.padEnd(14)}${text(one)}`)
  for (const [way, many] of Object.entries({ replaced: first, 'in batches': second })) console.log(`  ${way.padEnd(12)}${text(many?.regret ?? []).padEnd(18)}final ratio ${many?.finalRatio.toFixed(2)}, difference [${many?.finalDifferenceInterval95.map((bound) => (1000 * bound).toFixed(1)).join(', ')}]`)
}
storeResult(`concurrency-${options.sampler}`, {
  command: `node --conditions=attune-source benchmarks/src/concurrency.ts --sampler ${options.sampler} --seeds ${seeds.length} --trials ${trials}`,
  sampler: `${sampler.id}@${sampler.revision}`,
  concurrency,
  seeds: seeds.length,
  checkpoints: marks,
  refused: sequential.refused,
  families,
})
