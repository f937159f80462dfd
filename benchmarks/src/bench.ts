/**
 * What `pnpm bench` runs: all figures of samplers, for hours; each program runs alone as well, see package.json.
 *
 *     node scripts/run.mjs bench [--quick [--update]] [--peers] [--jobs 2] [--data FOLDER]
 *
 * --quick is the gate of CI: minutes, quality only, ends with an error when regret has risen by more than its margin; --update stores its reference.
 * --peers measures the peers' curves first, which takes many hours: they are stored, with versions, seeds and commands, and what has been measured in this checkout is not measured again.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultDataFolder } from './problems/load.ts'
import { quick } from './quick.ts'
import { hasSampler } from './samplers.ts'

const lists = ['problems.json', 'validation.json', 'hierarchical.json', 'functions.json']

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, update: { type: 'boolean', default: false }, peers: { type: 'boolean', default: false }, jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) }, data: { type: 'string', default: defaultDataFolder } },
})

function program(name: string, ...args: readonly string[]): void {
  console.log(`\n── ${name} ${args.join(' ')} ──`)
  const { status } = spawnSync(process.execPath, [...process.execArgv, join(import.meta.dirname, `${name}.ts`), ...args], { stdio: 'inherit' })
  if (status === 0) return
  console.error(`${name} ${args.join(' ')} failed`)
  process.exitCode = 1
}

if (options.quick) {
  const failures = await quick(options.data, Number(options.jobs), options.update)
  if (failures.length > 0) {
    console.error(`\nRegret has risen by more than the margin, has no reference, or a study failed:\n${failures.join('\n')}`)
    process.exitCode = 1
  }
} else {
  if (options.peers) {
    for (const list of lists) program('measure-peers', '--', '--problems', list, '--data', options.data)
    program('measure-peers', '--only', 'optuna-random,optuna-tpe,rustuna,optuna-gp', '--', '--noise', '--data', options.data)
    program('multi-objective', '--add', '--run', 'optuna-TPESampler,optuna-NSGAIISampler,optuna-NSGAIIISampler', '--data', options.data)
    program('multi-objective', '--add', '--run', 'optuna-GPSampler', '--seeds', '1', '--data', options.data)
  }
  const common = ['--jobs', options.jobs, '--data', options.data]
  const samplers = ['auto', 'tpe', 'gp', 'forest', 'random'].filter(hasSampler)
  for (const list of lists) for (const sampler of samplers) program('regret', '--sampler', sampler, '--problems', list, ...common)
  for (const sampler of ['cma-es', 'differential-evolution', 'annealing', 'quasi-random'].filter(hasSampler)) program('regret', '--sampler', sampler, ...common)
  for (const sampler of samplers.slice(0, 2)) {
    program('noise', '--sampler', sampler, ...common)
    program('concurrency', '--sampler', sampler, ...common)
  }
  program('multi-objective', '--run', 'random,nsgaII,nsgaIII,tpe,gp', '--data', options.data)
  program('overhead')
  // The best that anybody has found may have been found now.
  for (const list of lists.slice(0, 2)) program('anchors', '--stored', '--problems', list, '--data', options.data)
  program('report')
}
