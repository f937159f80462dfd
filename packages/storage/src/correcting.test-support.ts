/*
 * A program that works on the study `digits` while others correct it (`work`: path, trials), or merges the study `other` into it and is
 * killed right after its n-th write of a merge (`merge`: path, n). Says a line for each trial, and `merged`.
 */
import { once } from 'node:events'
import { createStudy, float, mergeStudies, type Storage } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [mode, path = '', number = '0'] = process.argv.slice(2)
const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })

if (mode === 'work') {
  const corrected = once(process.stdin, 'data')
  const study = await createStudy({ name: 'digits', space: { rate: float(0.1, 1) }, seed: 1, storage })
  await study.optimize(async ({ params, number: trial }) => {
    process.stdout.write(`trial ${trial}\n`)
    // Two trials are running while the study is corrected.
    if (trial >= 2) await corrected
    return params.rate
  }, { trials: Number(number), concurrency: 2 })
  await study.close()
} else {
  let writes = 0
  const killed: Storage = Object.assign(Object.create(storage) as Storage, {
    findStudy: storage.findStudy.bind(storage),
    changesSince: storage.changesSince.bind(storage),
    write: async (...parts: Parameters<Storage['write']>) => {
      const result = await storage.write(...parts)
      if (++writes === Number(number)) process.kill(process.pid, 'SIGKILL')
      return result
    },
  })
  await mergeStudies(killed, 'other', 'digits')
  process.stdout.write('merged\n')
}
await storage.close()
process.exit()
