/**
 * Times of ask and tell, ours and the peers' in turns, case by case, in one run: node --conditions=attune-source src/overhead.ts [--only tpe,gp] [--no-store]
 * All studies live in memory and hold finished random trials already, or make them all themselves (`loop`). A peer's ask includes its suggest calls.
 */
import { existsSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { createStudy, float, ThreefryRandom } from '@attune/core'
import { storeResult } from './machine.ts'
import { runPeer } from './peers.ts'
import { hasSampler, samplerNamed } from './samplers.ts'
import { curvesPath } from './stored-curves.ts'
import { mean, percentile } from './statistics.ts'

interface Case {
  readonly trials: number
  readonly dimensions: number
  readonly repetitions: number
  /** The study makes its trials itself: for samplers that learn only from their own. */
  readonly loop: boolean
}

interface Peer {
  readonly library: 'optuna' | 'rustuna' | 'hyperopt' | 'smac'
  readonly sampler: string
  /** No case with more trials, or (with 40 parameters) more than a tenth of them, or with more repetitions. */
  readonly upTo?: number
  readonly repetitions?: number
}

/** Seconds; `cpu` is the processor's of an ask and a tell together, a mean. */
interface Times {
  readonly ask: readonly number[]
  readonly tell: readonly number[]
  readonly cpu: number
}

const requirements = { optuna: 'optuna-gp-requirements.txt', rustuna: 'rustuna-requirements.txt', hyperopt: 'hyperopt-requirements.txt', smac: 'smac-requirements.txt' }
const grid = (sizes: readonly number[], repetitions: number): readonly Case[] => sizes.flatMap((trials) => [2, 10, 40].map((dimensions) => ({ trials, dimensions, repetitions, loop: false })))

/** What is measured together: samplers of ours, and the peers' that do the same. */
const groups: Readonly<Record<string, { readonly ours: readonly string[]; readonly peers: readonly Peer[]; readonly cases: readonly Case[] }>> = {
  random: {
    ours: ['random', 'quasi-random'],
    peers: [{ library: 'optuna', sampler: 'random' }, { library: 'rustuna', sampler: 'random' }],
    cases: [{ trials: 1000, dimensions: 2, repetitions: 1000, loop: true }, { trials: 1000, dimensions: 10, repetitions: 1000, loop: true }],
  },
  tpe: {
    ours: ['tpe'],
    peers: [{ library: 'rustuna', sampler: 'tpe' }, { library: 'optuna', sampler: 'tpe', repetitions: 10 }, { library: 'hyperopt', sampler: 'tpe', upTo: 1000, repetitions: 10 }],
    cases: grid([100, 1000, 10_000], 200),
  },
  gp: {
    ours: ['gp', 'forest', 'auto'],
    peers: [{ library: 'optuna', sampler: 'gp', upTo: 1000, repetitions: 3 }, { library: 'smac', sampler: 'forest', upTo: 1000, repetitions: 16 }],
    cases: [...grid([100], 16), { trials: 1000, dimensions: 2, repetitions: 8, loop: false }, { trials: 1000, dimensions: 10, repetitions: 8, loop: false }, { trials: 1000, dimensions: 40, repetitions: 8, loop: false }, { trials: 10_000, dimensions: 10, repetitions: 5, loop: false }],
  },
  'cma-es': {
    ours: ['cma-es'],
    peers: [{ library: 'rustuna', sampler: 'cma-es' }, { library: 'optuna', sampler: 'cma-es' }],
    cases: [2, 10, 40].map((dimensions) => ({ trials: 1000, dimensions, repetitions: 1000, loop: true })),
  },
}

interface Result extends Case {
  readonly group: string
  readonly date: string
  /** Of the last minute, when the case began. */
  readonly load: number
  readonly rows: readonly Row[]
}

const { values: options } = parseArgs({ options: { only: { type: 'string' }, 'no-store': { type: 'boolean', default: false } } })

async function ours(sampler: string, { trials, dimensions, repetitions, loop }: Case): Promise<Times> {
  const names = Array.from({ length: dimensions }, (_, index) => `x${index}`)
  const study = await createStudy({ name: 'overhead', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), sampler: samplerNamed(sampler), seed: 1 })
  const uniform = new ThreefryRandom(1).stream(0, 'history')
  const valueOf = (params: Readonly<Record<string, number>>): number => names.reduce((sum, name) => sum + ((params[name] as number) - 0.5) ** 2, 0)
  for (let trial = 0; trial < (loop ? 0 : trials); trial++) {
    const params = Object.fromEntries(names.map((name) => [name, uniform.uniform()]))
    await study.add({ params, value: valueOf(params) })
  }
  // The first answer after many given trials reads them all: it is not timed, as with the peers.
  for (let trial = 0; trial < (loop ? trials : 1); trial++) {
    const asked = await study.ask()
    await study.tell(asked, valueOf(asked.params))
  }
  const ask: number[] = []
  const tell: number[] = []
  const before = process.cpuUsage()
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now()
    const trial = await study.ask()
    const middle = performance.now()
    await study.tell(trial, valueOf(trial.params))
    tell.push((performance.now() - middle) / 1000)
    ask.push((middle - start) / 1000)
  }
  const { user, system } = process.cpuUsage(before)
  await study.close()
  return { ask, tell, cpu: (user + system) / 1e6 / repetitions }
}

interface WholeTrial {
  readonly passed: readonly number[]
  readonly processor: readonly number[]
}

/** Microseconds of a whole trial (ask and tell), mean over 20,000 where single times would measure the clock; five runs. */
async function trialMicroseconds(sampler: string): Promise<WholeTrial> {
  const runs: { readonly passed: number; readonly processor: number }[] = []
  const trials = 20_000
  for (let repetition = 0; repetition <= 5; repetition++) {
    const study = await createStudy({ name: sampler, space: { x: float(0, 1), y: float(0, 1) }, sampler: samplerNamed(sampler), seed: 1 })
    const before = process.cpuUsage()
    const start = performance.now()
    for (let i = 0; i < trials; i++) {
      const trial = await study.ask()
      await study.tell(trial, trial.params.x + trial.params.y)
    }
    const passed = (1000 * (performance.now() - start)) / trials
    const { user, system } = process.cpuUsage(before)
    runs.push({ passed, processor: (user + system) / trials })
    await study.close()
  }
  const counted = runs.slice(1) // the first run compiles
  return { passed: counted.map(({ passed }) => round(passed)), processor: counted.map(({ processor }) => round(processor)) }
}

const milliseconds = (seconds: readonly number[]): object => ({ p50: round(1000 * percentile(seconds, 0.5)), p95: round(1000 * percentile(seconds, 0.95)), mean: round(1000 * mean(seconds)) })
const round = (value: number): number => Number(value.toPrecision(4))

interface Row {
  readonly who: string
  readonly ask: object
  readonly tell: object
  readonly cpu: number
}

function row(who: string, { ask, tell, cpu }: Times): Row {
  const one = { who, ask: milliseconds(ask), tell: milliseconds(tell), cpu: round(1000 * cpu) }
  console.log(`  ${who.padEnd(26)} ask ${JSON.stringify(one.ask)} tell ${JSON.stringify(one.tell)} processor ${one.cpu}`)
  return one
}

const chosen = options.only?.split(',') ?? Object.keys(groups)
const unknown = chosen.filter((name) => groups[name] === undefined)
if (unknown.length > 0) throw new Error(`--only takes ${Object.keys(groups).join(', ')}, not ${unknown.join(', ')}`)
const results: Result[] = []
for (const [group, { ours: names, peers, cases }] of Object.entries(groups)) {
  if (!chosen.includes(group)) continue
  for (const one of cases) {
    const { trials, dimensions } = one
    const load = Number((loadavg()[0] ?? 0).toFixed(1))
    console.log(`${group}, ${trials} trials${one.loop ? ' of its own' : ''}, ${dimensions} parameters (ms, load ${load})`)
    const rows: Row[] = []
    for (const name of names.filter(hasSampler)) {
      // A first study lets the engine compile.
      await ours(name, { ...one, trials: Math.min(trials, 200), repetitions: Math.min(one.repetitions, 200) })
      rows.push(row(`attune ${name}`, await ours(name, one)))
    }
    for (const { library, sampler, upTo = Number.POSITIVE_INFINITY, repetitions = one.repetitions } of peers) {
      if (trials > (dimensions === 40 ? upTo / 10 : upTo)) continue
      const times = runPeer('overhead.py', ['--library', library, '--case', JSON.stringify({ ...one, sampler, repetitions: Math.min(repetitions, one.repetitions) })], requirements[library]) as Times & { readonly version: string }
      rows.push(row(`${library} ${times.version} ${sampler}`, times))
    }
    results.push({ group, ...one, date: new Date().toISOString().slice(0, 10), load, rows })
  }
}
const whole: Readonly<Record<string, WholeTrial>> = chosen.includes('random') ? { random: await trialMicroseconds('random'), ...(hasSampler('quasi-random') ? { 'quasi-random': await trialMicroseconds('quasi-random') } : {}) } : {}
for (const [name, runs] of Object.entries(whole)) console.log(`${name}, a whole trial (ask + tell, 2 parameters, mean of 20,000): ${runs.passed.map((one) => one.toFixed(1)).join(', ')} µs in five runs, of the processor ${runs.processor.map((one) => one.toFixed(1)).join(', ')}`)
if (!options['no-store']) {
  // Groups that were not chosen keep what was measured of them.
  const before = existsSync(curvesPath('overhead')) ? (JSON.parse(readFileSync(curvesPath('overhead'), 'utf8')) as { readonly cases: readonly Result[]; readonly trialMicroseconds: typeof whole }) : undefined
  const cases = Object.keys(groups).flatMap((group) => (chosen.includes(group) ? results : (before?.cases ?? [])).filter((one) => one.group === group))
  storeResult('overhead', { command: 'node --conditions=attune-source benchmarks/src/overhead.ts', unit: 'ms; cpu: the processor, of an ask and a tell together, a mean', trialMicroseconds: { ...before?.trialMicroseconds, ...whole }, cases })
}
