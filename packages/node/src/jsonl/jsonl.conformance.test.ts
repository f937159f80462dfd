import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loggerSuite } from '@attune/testing'
import { keptMetrics, readFolder, temporaryFolder } from './files.test-support.ts'
import { jsonl } from './jsonl.ts'

for (const rotate of [undefined, { bytes: 1500 }]) {
  loggerSuite(`jsonl ${rotate === undefined ? 'in one file' : 'in many files'}`, async () => {
    const temporary = await temporaryFolder()
    const file = join(temporary.path, 'file')
    await writeFile(file, '')
    const folder = join(temporary.path, 'logs')
    return {
      factory: () => jsonl({ folder, ...(rotate === undefined ? {} : { rotate }) }),
      unwritable: () => jsonl({ folder: file }),
      read: async ({ id }) => keptMetrics((await readFolder(folder)).filter((line) => line.study_id === id)),
      dispose: () => temporary[Symbol.asyncDispose](),
    }
  }, { exempt: { 'takes again what it wanted later': 'It wants events later while a disk is full, which full-disk.test.ts shows with a real one.' } })
}
