import { join } from 'node:path'
import { loadStudy, sqlite } from 'attune'
import { expect, it } from 'vitest'
import { inFolder, run } from './programs.test-support.ts'

it('two-workers: two processes share 50 trials of one study', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'study.db')
    const { code, output, errors } = await run('two-workers/main', [file])
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(output.match(/^This worker ended (no trial|\d+ trials?: .*)\.$/gm)).toHaveLength(2)
    const [, complete, pruned] = /^(\d+) complete, (\d+) pruned; best accuracy 0\.9\d+$/m.exec(output)!
    expect(Number(complete) + Number(pruned)).toBe(50)
    const study = await loadStudy({ storage: sqlite(file), name: 'two-workers' })
    expect(study.trials().map(({ number, state }) => [number, state])).toEqual(Array.from({ length: 50 }, (_, number) => [number, expect.stringMatching(/complete|pruned/)]))
    const workers = await study.workers()
    // The program that made the study, and the two, all of which have left.
    expect(workers.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed'])
    expect(workers.reduce((sum, { ended }) => sum + ended, 0)).toBe(50)
    await study.close()
  })
})
