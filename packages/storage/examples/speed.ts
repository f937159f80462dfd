/*
 * How many random trials with 2 parameters a study on an SQLite file does in a second. Prints one line of JSON.
 * node --conditions=attune-source examples/speed.ts FILE [TRIALS] [normal|full]
 */
import { createStudy, float, minimize, type Operation } from '@attune/core'
import { SqliteStorage } from '@attune/storage'

const [path = 'speed.db', count = '5000', durability = 'normal'] = process.argv.slice(2)
const trials = Number(count)
const storage = await SqliteStorage.open({ path, durability: durability === 'full' ? 'full' : 'normal' })

/** Milliseconds for one trial out of `trials`. */
async function measure(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / trials
}

const study = await createStudy({ name: `study ${Date.now()}`, space: { x: float(0, 1), y: float(0, 1) }, objective: minimize('loss'), storage, seed: 1 })
const wholeStudy = await measure(() => study.optimize(({ params: { x, y } }) => x + y, { trials }))

// The same two writes a trial without the study around them.
const { id } = (await storage.findStudy(study.name))!
const write = async (request: string, operation: Operation): Promise<void> => {
  const result = await storage.write(id, { id: request, operations: [operation] })
  if (!result.ok) throw new Error(result.refusal.message)
}
const storageAlone = await measure(async () => {
  for (let i = 0; i < trials; i++) {
    const token = `token ${i}`
    await write(`create ${i}`, { type: 'create', expect: trials + i, origin: 'sampler', params: { x: i, y: i }, lease: { owner: 'host/1/2', token, milliseconds: 60_000 } })
    await write(`finish ${i}`, { type: 'finish', number: trials + i, token, outcome: { state: 'complete', metrics: { loss: i } } })
  }
})

await study.close()
await storage.close()
console.log(JSON.stringify({ trials, durability, storageAlone: summary(storageAlone), wholeStudy: summary(wholeStudy) }))

function summary(milliseconds: number): { readonly millisecondsPerTrial: number; readonly trialsPerSecond: number } {
  return { millisecondsPerTrial: Number(milliseconds.toFixed(4)), trialsPerSecond: Math.round(1000 / milliseconds) }
}
