/*
 * The soak: many kills and many trials on real processes, then the heap of one process over as many trials.
 * npm run soak (1,000 kills and 100,000 trials), or with fewer: npm run soak -- --kills 20 --trials 2000 [--workers 4] [--seed N]
 * Progress goes to standard error, on one line; the summary to standard output. Exits with 1 if a promise was broken.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readOptions, wholeNumber } from '../command-line.ts'
import { soakKills } from './kills.ts'

const usage = `Usage: npm run soak -- [options]

Kills workers on one SQLite file at random instants and looks for what was lost, then measures the heap of one process.
Without options it takes long; a short one: npm run soak -- --kills 20 --trials 2000

  --kills <number>    workers that are killed (default 1000)
  --trials <number>   trials of the soak, and of each measurement of the heap, from 5 (default 100000)
  --workers <number>  workers at once, from 1 (default 4)
  --seed <number>     seed of the instants, from 0 (default: from the clock)
  --help              print this

Progress goes to standard error, the summary to standard output. Exits with 1 if a promise was broken.`

const values = readOptions(usage, { kills: { type: 'string', default: '1000' }, trials: { type: 'string', default: '100000' }, workers: { type: 'string', default: '4' }, seed: { type: 'string' } })

interface HeapPoint {
  readonly trials: number
  readonly bytes: number
  readonly seconds: number
}

interface HeapRun {
  readonly points: readonly HeapPoint[]
  /** Bytes of the history in a process that only reads it. */
  readonly history: number | undefined
}

const mebibyte = 2 ** 20
const live = process.stderr.isTTY

function progress(text: string): void {
  process.stderr.write(live ? `\r${text.padEnd(100)}` : `${text}\n`)
}

async function heapRun(trials: number, how: 'alone' | 'read' | 'loggers'): Promise<HeapRun> {
  const child = spawn(process.execPath, ['--expose-gc', '--conditions=attune-source', '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./heap.ts', import.meta.url)), String(trials), how], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
    progress(`heap, ${how}: ${text.split('\n').at(-2) ?? ''}`)
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`The measurement of the heap ended with ${String(code)}.`)
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as HeapPoint & { readonly history?: number })
  return { points: lines.filter(({ history }) => history === undefined), history: lines.find(({ history }) => history !== undefined)?.history }
}

/** Bytes a trial between the first point and the last: what came before is the study itself. */
function slope(points: readonly HeapPoint[]): number {
  const [first, last] = [points[0]!, points.at(-1)!]
  return (last.bytes - first.bytes) / (last.trials - first.trials)
}

const kills = wholeNumber('--kills', values.kills, 0)
const trials = wholeNumber('--trials', values.trials, 5)
const workers = wholeNumber('--workers', values.workers, 1)
const seed = values.seed === undefined ? Date.now() % 2 ** 32 : wholeNumber('--seed', values.seed, 0)
const result = await soakKills({ kills, trials, workers, seed, progress })
const alone = await heapRun(trials, 'alone')
const read = await heapRun(trials, 'read')
const logged = await heapRun(trials, 'loggers')
if (live) process.stderr.write('\n')

console.log(`Kills: ${result.kills} (${result.early} of them while the worker started), seed ${seed}, ${result.seconds.toFixed(0)} s.`)
console.log(`Trials: ${result.trials} in ${result.studies} studies on one file; ${result.requeues} lost by a killed owner and run again; ${result.acknowledged} acknowledged results, steps included, all looked for.`)
console.log(`Integrity of the file: looked at ${result.checks} times, ${result.problems.filter((problem) => problem.includes('integrity')).length} complaints.`)
for (const [name, { points }] of [['study alone', alone], ['with a listener that reads every record', read], ['with progress and TensorBoard', logged]] as const) {
  console.log(`Heap, ${name}: ${points.map((point) => `${(point.bytes / mebibyte).toFixed(1)} MiB at ${point.trials}`).join(', ')}; ${slope(points).toFixed(0)} bytes a trial; ${points.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s.`)
}
const perTrial = alone.history === undefined ? NaN : alone.history / trials
console.log(`The history must grow: read by a fresh process it takes ${perTrial.toFixed(0)} bytes a trial. Less that, a trial leaves ${(slope(alone.points) - perTrial).toFixed(0)} bytes alone, ${(slope(read.points) - perTrial).toFixed(0)} where records are read (the history keeps the nested parameters that it has built), ${(slope(logged.points) - perTrial).toFixed(0)} with loggers.`)
for (const problem of result.problems) console.log(`BROKEN: ${problem}`)
console.log(result.problems.length === 0 ? 'Nothing was lost, nothing invented.' : `${result.problems.length} problems.`)
process.exitCode = result.problems.length === 0 ? 0 : 1
