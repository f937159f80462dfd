/**
 * A process that works on a study until it is done, or until it kills itself at one of its crossings: each write, each checkpoint
 * and each event counts. Arguments: folder, pruner, crossings until the kill (0 for none) or the name of one, milliseconds per step, lease, milliseconds for
 * which step 3 blocks the thread, and `unkept` for a storage that renews no leases from a thread of its own.
 */
import { writeSync } from 'node:fs'
import { createStudy, directoryArtifacts, float, minimize, random, SqliteStorage, type Operation, type Trainer } from '../../packages/attune/src/index.ts'
import { chained, halving, population, promoting } from '../../packages/core/src/study/schedulers.test-support.ts'

const [folder = '', kind = '', crossings = '0', pause = '0', lease = '60000', blocking = '0', unkept = ''] = process.argv.slice(2)
const pruners = { halving: halving(4, [1, 2, 4]), population: population(4, 2, 6), promoting: promoting([1, 2, 4]), none: undefined } as const

/** What a write does to a trial, in the words of schedulers. */
function transitionOf(operation: Operation): string {
  if (operation.type === 'claim' && operation.number !== undefined) return 'promote'
  if (operation.type === 'create' && operation.checkpoint !== undefined) return 'fork'
  return operation.type
}
let writing = ''
let left = Number(crossings)
function cross(place: string): void {
  const name = place.startsWith('storage.') ? `${place} ${writing}`.trim() : place
  if (name !== crossings && !(left > 0 && --left === 0)) return
  writeSync(1, `killed at ${name}\n`)
  process.kill(process.pid, 'SIGKILL')
}
;(globalThis as { [key: symbol]: unknown })[Symbol.for('@attune/core/failpoint')] = cross

const storage = new SqliteStorage(`${folder}/study.db`)
const write = storage.write.bind(storage)
let before: Promise<unknown> = Promise.resolve()
// One at a time, as the storage does them anyhow, so that it is known which one is being written.
storage.write = (studyId, request) => {
  const answer = before.then(() => {
    writing = request.operations.map(transitionOf).join('+')
    return write(studyId, request)
  })
  before = answer.catch(() => undefined) // Whoever called gets it.
  return answer
}
if (unkept !== '') Object.defineProperty(storage, 'keepAlive', { value: undefined })
const pruner = pruners[kind as keyof typeof pruners]
const study = await createStudy({
  // Two trials run at a time: what a model knows when it is asked depends on which of them was quicker.
  sampler: random(),
  space: { x: float(0, 1) }, objective: minimize('loss'), seed: 3, name: kind, lease: Number(lease), progress: false,
  ...(pruner === undefined ? {} : { pruner }), storage, artifacts: directoryArtifacts(`${folder}/artifacts`),
})
study.on((event) => {
  cross(event.type)
  if (event.type === 'trial.started' || event.type === 'trial.resumed') process.stdout.write(`started ${event.trial.number} ${event.trial.owner}\n`)
})
const wait = new Int32Array(new SharedArrayBuffer(4))
const inner = chained(6, (number, step) => {
  process.stdout.write(`step ${number} ${step}\n`)
  if (Number(blocking) > 0 && step === 3) Atomics.wait(wait, 0, 0, Number(blocking)) // Nothing else runs in this thread meanwhile.
  return Number(pause) === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, Number(pause)))
})
const trainer: Trainer<{ readonly x: number }> = { ...inner, async *train(trial) {
  trial.signal.addEventListener('abort', () => process.stdout.write(`aborted ${trial.number} ${(trial.signal.reason as Error).message}\n`))
  try {
    yield* inner.train(trial)
  } finally {
    process.stdout.write(`left ${trial.number}\n`)
  }
} }
const { reason } = await study.optimize(trainer, { trials: kind === 'population' ? 100 : kind === 'none' ? 1 : 8, concurrency: kind === 'none' ? 1 : 2 })
await study.close()
await storage.close()
process.stdout.write(`ended ${reason}\n`)
