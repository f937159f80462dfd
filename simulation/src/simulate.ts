/*
 * Runs seeds of the simulation: npm run simulate -- --seed 123 [--steps 600] [--trace], or as many fresh ones as fit in a time:
 * npm run simulate -- --seconds 60. A failure prints the command that repeats it, and makes the program exit with 1.
 */
import { readOptions, wholeNumber } from './command-line.ts'
import { defaultSteps, replayCommand } from './replay.ts'
import { simulate } from './simulation.ts'

const usage = `Usage: npm run simulate -- [options]

Runs many processes on one storage in virtual time, kills them, makes files fail, and checks what is promised.

  --seconds <number>  run fresh seeds for so long (default 10)
  --seed <number>     run this seed alone, from 0
  --steps <number>    steps of a run in which things go wrong (default ${defaultSteps})
  --trace             print each step
  --help              print this

A failure prints the command that repeats it, and the program exits with 1.`

const values = readOptions(usage, { seed: { type: 'string' }, steps: { type: 'string', default: String(defaultSteps) }, seconds: { type: 'string', default: '10' }, trace: { type: 'boolean', default: false } })
const steps = wholeNumber('--steps', values.steps, 1)
const seconds = wholeNumber('--seconds', values.seconds, 0)
const first = values.seed === undefined ? Date.now() % 2 ** 32 : wholeNumber('--seed', values.seed, 0)
const until = performance.now() + (values.seed === undefined ? seconds * 1000 : 0)
let runs = 0
let failures = 0
for (let seed = first; runs === 0 || performance.now() < until; seed = (seed + 1) % 2 ** 32) {
  const result = await simulate({ seed, steps })
  runs++
  if (values.trace) for (const line of result.lines) console.log(line)
  if (values.seed !== undefined || result.violations.length > 0) {
    console.log(`seed ${seed}: ${result.trials} trials, ${result.processes} processes, ${result.kills} kills, ${result.steps} steps, trace ${result.traceHash}, ${JSON.stringify(result.scenario)}`)
  }
  if (result.violations.length === 0) continue
  failures++
  for (const violation of result.violations) console.log(`  ${violation}`)
  console.log(`  again: ${replayCommand(seed, steps)} --trace`)
}
console.log(`${runs} seeds from ${first}, ${failures} failed.`)
process.exitCode = failures > 0 ? 1 : 0
