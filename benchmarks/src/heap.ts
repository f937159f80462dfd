/**
 * Heap of a study of 100,000 trials with 10 parameters, and the time of `best`:
 * node --expose-gc --conditions=attune-source src/heap.ts
 */
import { createStudy, float, random } from '@attune/core'
import { storeResult } from './machine.ts'
import { percentile } from './statistics.ts'

const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('Run this with node --expose-gc, so that garbage is not counted.')

function used(): number {
  collect?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

const names = Array.from({ length: 10 }, (_, index) => `x${index}`)
const before = used()
const study = await createStudy({ name: 'heap', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), sampler: random(), seed: 1 })
const bestMicroseconds: Record<number, number> = {}
const trials = 100_000
for (let count = 0; count < trials; count++) {
  const trial = await study.ask()
  await study.tell(trial, names.reduce((sum, name) => sum + (trial.params[name] as number), 0))
  if (count + 1 === 1000 || count + 1 === trials) bestMicroseconds[count + 1] = timeOfBest()
}
const loop = used() - before
const columns = study.space.dimensions.map(({ index }) => study.columns.units(index))
const withColumns = used() - before

function timeOfBest(): number {
  const times = Float64Array.from({ length: 1001 }, () => {
    const start = performance.now()
    for (let i = 0; i < 100; i++) void study.best
    return (1000 * (performance.now() - start)) / 100
  })
  return percentile(times, 0.5)
}

console.log(`${trials} trials × ${names.length} parameters: ${loop.toFixed(0)} MiB, with the columns of a model ${withColumns.toFixed(0)} MiB (${columns.length} columns)`)
console.log(`best, µs: ${Object.entries(bestMicroseconds).map(([count, micros]) => `${micros.toFixed(2)} at ${count} trials`).join(', ')}`)
storeResult('heap', { command: 'node --expose-gc --conditions=attune-source benchmarks/src/heap.ts', trials, parameters: names.length, unit: 'MiB', study: loop, withModelColumns: withColumns, bestMicroseconds })
