/**
 * Computes reference points and best hypervolumes of the problems of several objectives, and stores them in problems/several-objectives-anchors.json.
 *
 *     node --conditions=attune-source src/multi-objective-anchors.ts [--data FOLDER]
 *
 * The reference point of a problem has, in each loss, the 95 % quantile of 10,000 random configurations and a tenth more of the
 * distance from the 5 % quantile, so that it depends on no optimiser. The best hypervolume is that of the true front for functions and tables; for
 * surrogates that of all that anybody has found (50,000 random configurations, five runs of 2,000 trials of our NSGA-II, and every run that is stored).
 */
import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { anchorsFile, type FrontAnchor, readFrontAnchors, readRuns } from './front-results.ts'
import { nsgaII } from '@attune/samplers'
import { attuneRunner } from './front-runs.ts'
import { frontOf, hypervolumeOf, hypervolumeOfFront } from './problems/hypervolume.ts'
import { defaultDataFolder } from './problems/load.ts'
import { randomConfiguration } from './problems/random-configuration.ts'
import { type FrontProblem, lossesOf, loadFrontProblems } from './problems/several-objectives.ts'
import { percentile } from './statistics.ts'

const { values: options } = parseArgs({ options: { data: { type: 'string', default: defaultDataFolder } } })

function uniforms(): () => number {
  let state = 20_261_123
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

async function randomLosses({ parameters, directions, evaluate }: FrontProblem, count: number): Promise<readonly (readonly number[])[]> {
  const uniform = uniforms()
  const losses: (readonly number[])[] = []
  for (let i = 0; i < count; i++) losses.push(lossesOf(await evaluate(randomConfiguration(parameters, uniform)), directions))
  return losses
}

function referenceOf(losses: readonly (readonly number[])[]): readonly number[] {
  return (losses[0] ?? []).map((_, i) => {
    const column = losses.map((one) => one[i] as number)
    const high = percentile(column, 0.95)
    return Number((high + 0.1 * (high - percentile(column, 0.05))).toPrecision(6))
  })
}

async function best(problem: FrontProblem, reference: readonly number[], random: readonly (readonly number[])[]): Promise<number> {
  const { testFront, everything, directions, evaluate } = problem
  // ZDT3 goes down to -0.8 in its last loss; the others are from 0 on.
  if (testFront !== undefined) return hypervolumeOfFront(testFront.attained, reference.map(() => 0), reference, reference.length === 2 ? 200_000 : 2000)
  const found: (readonly number[])[] = [...frontOf(random)]
  if (everything !== undefined) for (const configuration of everything()) found.push(lossesOf(await evaluate(configuration), directions))
  else {
    const runs = readRuns().flatMap((stored) => stored.runs[problem.id] ?? [])
    for (let seed = 1000; seed < 1005; seed++) runs.push(await attuneRunner('nsgaII', nsgaII()).run(problem, seed, 2000))
    for (const [, ...values] of runs.flat()) found.push(lossesOf(values, directions))
  }
  return hypervolumeOf(frontOf(found), reference)
}

const anchors: Record<string, FrontAnchor> = {}
const stored = existsSync(anchorsFile) ? readFrontAnchors() : {}
for (const problem of await loadFrontProblems(options.data)) {
  const random = await randomLosses(problem, problem.family === 'numeric' || problem.family === 'conditional' ? 50_000 : 10_000)
  const reference = referenceOf(random.slice(0, 10_000))
  const hypervolume = Math.max(await best(problem, reference, random), stored[problem.id]?.hypervolume ?? 0)
  anchors[problem.id] = { reference, hypervolume: Number(hypervolume.toPrecision(8)) }
  console.error(problem.id, reference, hypervolume, hypervolumeOf(frontOf(random), reference) / hypervolume)
}
const lines = Object.entries(anchors).map(([id, anchor]) => `  ${JSON.stringify(id)}: ${JSON.stringify(anchor)}`)
const head = { version: 1, command: 'node --conditions=attune-source benchmarks/src/multi-objective-anchors.ts', losses: 'lower is better: values that are to be maximised have their sign turned' }
writeFileSync(anchorsFile, `${JSON.stringify(head, null, 1).slice(0, -2)},\n "anchors": {\n${lines.join(',\n')}\n }\n}\n`)
