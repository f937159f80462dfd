// Pages of docs/ on trackers that need no server begin with a program, which is run as it stands there.
import { readdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { runFirstBlock } from './pages.test-support.ts'
import { inFolder } from './programs.test-support.ts'

it.each([
  ['tensorboard.md', 'runs'],
  ['jsonl.md', 'attune-logs'],
])('docs/%s begins with a program that runs, and writes what the page says', async (page, written) => {
  await inFolder(async (folder) => {
    const { code, errors } = await runFirstBlock(page, folder)
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
    const logs = (await readdir(folder, { recursive: true })).filter((path) => path.startsWith(written))
    expect(logs.length).toBeGreaterThan(1)
  })
})
