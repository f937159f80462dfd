/**
 * Two trainings at once in child processes beside one alone, and what a child process and a thread cost a trial:
 * node --conditions=attune-source src/cores.ts
 * Needs two cores that nothing else uses.
 */
import { loadavg } from 'node:os'
import { constant, createStudy, int, minimize, type Executor, type Study } from '@attune/core'
import { fromModule, processes, threads } from '@attune/node'
import { storeResult } from './machine.ts'
import { nothing } from './cores-nothing.ts'
import { percentile } from './statistics.ts'

const modules = new URL('cores-training.ts', import.meta.url)
const allow = [new URL('.', import.meta.url)]
const epochs = 12
const repetitions = 5

/** Milliseconds that so many further trials take, all at once. */
async function timeOf(study: Study, trainer: Parameters<Study['optimize']>[0], trials: number, concurrency: number): Promise<number> {
  const start = performance.now()
  await study.optimize(trainer, { more: trials, concurrency })
  return performance.now() - start
}

/** One training alone and two at once, in turns, in children that are warm. */
async function trainings(): Promise<{ readonly one: readonly number[]; readonly two: readonly number[] }> {
  const executor = processes({ slots: 2, allow })
  const study = (await createStudy({ space: { epochs: constant(epochs) }, objective: minimize('loss'), executor, seed: 1 })) as unknown as Study
  const trainer = fromModule(modules, 'training')
  const one: number[] = []
  const two: number[] = []
  try {
    await timeOf(study, trainer, 2, 2)
    for (let repetition = 0; repetition < repetitions; repetition++) {
      one.push(await timeOf(study, trainer, 1, 1))
      two.push(await timeOf(study, trainer, 2, 2))
    }
  } finally {
    await study.close()
  }
  return { one, two }
}

/** Milliseconds of the first trial, which starts a child, and microseconds of each trial after it, of a function that does nothing. */
async function costs(objective: Parameters<Study['optimize']>[0], executor?: () => Executor): Promise<{ readonly first: number; readonly later: number }> {
  const firsts: number[] = []
  const later: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const study = (await createStudy({ space: { n: int(1, 1000) }, seed: repetition, ...(executor === undefined ? {} : { executor: executor() }) })) as unknown as Study
    try {
      firsts.push(await timeOf(study, objective, 1, 1))
      await timeOf(study, objective, 200, 1) // Lets the engine compile.
      later.push((1000 * (await timeOf(study, objective, 1000, 1))) / 1000)
    } finally {
      await study.close()
    }
  }
  return { first: percentile(firsts, 0.5), later: percentile(later, 0.5) }
}

const load = loadavg()[0]!
const { one, two } = await trainings()
const [alone, together] = [percentile(one, 0.5), percentile(two, 0.5)]
const ratio = percentile(two.map((time, i) => time / one[i]!), 0.5)
const empties = new URL('cores-nothing.ts', import.meta.url)
const empty = fromModule(empties, 'nothing')
const overhead = {
  'function in this process': await costs(nothing),
  'module in this process': await costs(fromModule(empties, 'nothing', { concurrency: 'shared' })),
  thread: await costs(empty, () => threads({ slots: 1, allow })),
  'child process': await costs(empty, () => processes({ slots: 1, allow })),
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2)
console.log(`one training alone: ${one.map(seconds).join(', ')} s, median ${seconds(alone)}`)
console.log(`two at once: ${two.map(seconds).join(', ')} s, median ${seconds(together)}`)
console.log(`two take ${ratio.toFixed(2)} times as long as one (median of ${repetitions}; the goal is at most 1.2); load before: ${load.toFixed(1)}`)
for (const [where, { first, later }] of Object.entries(overhead)) console.log(`${where}: first trial ${first.toFixed(1)} ms, each later one ${later.toFixed(0)} µs`)
storeResult('cores', { command: 'node --conditions=attune-source benchmarks/src/cores.ts', load, unit: 'ms', one, two, ratio, overhead })
