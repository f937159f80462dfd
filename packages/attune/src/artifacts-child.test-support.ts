// Run as a process of its own: node --conditions=attune-source artifacts-child.test-support.ts FOLDER CALL
// Runs a study, and kills itself before the call of this number that changes something in its folder of artefacts.
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const [folder = '', last = ''] = process.argv.slice(2)
const store = join(folder, 'artifacts')
let calls = 0

function before(path: unknown): void {
  if (String(path).startsWith(store) && calls++ === Number(last)) process.kill(process.pid, 'SIGKILL')
}

const promises = fs.promises as unknown as { [name: string]: (...args: unknown[]) => Promise<unknown> }
for (const name of ['mkdir', 'rename', 'unlink', 'utimes', 'open']) {
  const call = promises[name]!
  promises[name] = async (...args) => {
    before(args[0])
    const answer = await call(...args)
    if (name !== 'open') return answer
    const handle = answer as FileHandle
    for (const method of ['writeFile', 'sync'] as const) {
      const original = handle[method].bind(handle) as (...given: unknown[]) => Promise<void>
      Object.assign(handle, { [method]: async (...given: unknown[]) => (before(args[0]), original(...given)) })
    }
    return handle
  }
}
syncBuiltinESMExports()

const { createStudy, directoryArtifacts, float, minimize, sqlite } = await import('./index.ts')
const { sumTrainer } = await import('./training-sum.test-support.ts')
const study = await createStudy({ space: { x: float(0.5, 1) }, objective: minimize('loss'), seed: 1, progress: false, storage: sqlite(join(folder, 'study.db')), artifacts: directoryArtifacts(store) })
await study.optimize(sumTrainer(3), { trials: 1 })
await study.close()
writeSync(1, `${calls}\n`)
