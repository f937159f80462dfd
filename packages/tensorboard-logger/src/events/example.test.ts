import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../files.test-support.ts'

test('examples/event-files.ts writes a run and reads it', async () => {
  await using folder = await temporaryFolder()
  const program = fileURLToPath(new URL('../../examples/event-files.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program, folder.path])
  const last = Math.exp(-99 / 30)
  expect(stdout.trim().split('\n')).toEqual([
    `my-run: train/loss ends at ${Math.fround(last)} (step 99)`,
    `my-run: validation/loss ends at ${last + 0.1} (step 99)`,
    'my-run: also weights, notes, gradient',
  ])
})
