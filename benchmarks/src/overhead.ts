/**
 * Times of ask and tell, ours and Optuna's one after the other in one run: node --conditions=attune-source src/overhead.ts
 * Both studies live in memory and hold finished random trials already. Optuna's ask includes its suggest calls.
 */
import { createStudy, float, random, ThreefryRandom } from '@attune/core'
import { tpe } from '@attune/samplers'
import { storeResult } from './machine.ts'
import { runPeer } from './peers.ts'
import { mean, percentile } from './statistics.ts'

interface Case {
  readonly sampler: 'random' | 'tpe'
  readonly trials: number
  readonly dimensions: number
  readonly repetitions: number
}

/** Milliseconds. */
interface Times {
  readonly ask: readonly number[]
  readonly tell: readonly number[]
}

const cases: readonly Case[] = [
  { sampler: 'random', trials: 100, dimensions: 2, repetitions: 400 },
  { sampler: 'random', trials: 1000, dimensions: 10, repetitions: 400 },
  { sampler: 'tpe', trials: 100, dimensions: 2, repetitions: 60 },
  { sampler: 'tpe', trials: 1000, dimensions: 2, repetitions: 60 },
  { sampler: 'tpe', trials: 100, dimensions: 10, repetitions: 60 },
  { sampler: 'tpe', trials: 1000, dimensions: 10, repetitions: 60 },
  { sampler: 'tpe', trials: 10_000, dimensions: 10, repetitions: 30 },
  { sampler: 'tpe', trials: 1000, dimensions: 40, repetitions: 30 },
]
const samplers = { random, tpe }

async function measure({ sampler, trials, dimensions, repetitions }: Case): Promise<Times> {
  const names = Array.from({ length: dimensions }, (_, index) => `x${index}`)
  const study = await createStudy({ name: 'overhead', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), sampler: samplers[sampler](), seed: 1 })
  const uniform = new ThreefryRandom(1).stream(0, 'history')
  const valueOf = (params: Readonly<Record<string, number>>): number => names.reduce((sum, name) => sum + ((params[name] as number) - 0.5) ** 2, 0)
  for (let trial = 0; trial < trials; trial++) {
    const params = Object.fromEntries(names.map((name) => [name, uniform.uniform()]))
    await study.add({ params, value: valueOf(params) })
  }
  const ask: number[] = []
  const tell: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now()
    const trial = await study.ask()
    const value = valueOf(trial.params)
    const middle = performance.now()
    await study.tell(trial, value)
    tell.push(performance.now() - middle)
    ask.push(middle - start)
  }
  await study.close()
  return { ask, tell }
}

/** Microseconds of a whole random trial (ask and tell), mean over 20,000 where single times would measure the clock; five runs. */
async function randomTrialMicroseconds(): Promise<readonly number[]> {
  const runs: number[] = []
  for (let repetition = 0; repetition <= 5; repetition++) {
    const study = await createStudy({ name: 'random', space: { x: float(0, 1), y: float(0, 1) }, sampler: random(), seed: 1 })
    const trials = 20_000
    const start = performance.now()
    for (let i = 0; i < trials; i++) {
      const trial = await study.ask()
      await study.tell(trial, trial.params.x + trial.params.y)
    }
    runs.push((1000 * (performance.now() - start)) / trials)
    await study.close()
  }
  return runs.slice(1).sort((a, b) => a - b) // the first run compiles
}

const summarise = ({ ask, tell }: Times): object => ({
  ask: { p50: percentile(ask, 0.5), p95: percentile(ask, 0.95), mean: mean(ask) },
  tell: { p50: percentile(tell, 0.5), p95: percentile(tell, 0.95), mean: mean(tell) },
})

// Each of our cases runs twice: the first run lets the engine compile, the second is measured.
const ours: Times[] = []
for (const one of cases) {
  await measure({ ...one, trials: Math.min(one.trials, 200) })
  ours.push(await measure(one))
}
const microseconds = await randomTrialMicroseconds()
const peerCases = cases.map((one) => ({ ...one, repetitions: Math.min(one.repetitions, one.trials > 1000 ? 10 : 30) }))
const peer = runPeer('optuna_overhead.py', ['--cases', JSON.stringify(peerCases)]) as { readonly version: string; readonly results: readonly Times[] }
const rows = cases.map((one, index) => {
  const theirs = peer.results[index] as Times
  const inMilliseconds = { ask: theirs.ask.map((seconds) => 1000 * seconds), tell: theirs.tell.map((seconds) => 1000 * seconds) }
  return { ...one, unit: 'ms', ours: summarise(ours[index] as Times), optuna: summarise(inMilliseconds) }
})
console.log(`random, a whole trial (ask + tell, 2 parameters, mean of 20,000): ${microseconds.map((one) => one.toFixed(1)).join(', ')} µs in five runs`)
for (const [index, { sampler, trials, dimensions }] of cases.entries()) {
  const mine = ours[index] as Times
  const theirs = peer.results[index] as Times
  const text = (times: Times, scale: number): string => `ask ${(scale * percentile(times.ask, 0.5)).toFixed(3)} (p95 ${(scale * percentile(times.ask, 0.95)).toFixed(3)}), tell ${(scale * percentile(times.tell, 0.5)).toFixed(3)}`
  console.log(`${sampler} n=${trials} d=${dimensions} ms: ${text(mine, 1)} | Optuna ${peer.version}: ${text(theirs, 1000)}`)
}
storeResult('overhead', { command: 'node --conditions=attune-source benchmarks/src/overhead.ts', optuna: peer.version, randomTrialMicroseconds: microseconds, cases: rows })
