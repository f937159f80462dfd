// Corrections by one process while another one works, and by one that is killed.
import { createStudy, float, loadStudy, mergeStudies, type Study } from '@attune/core'
import { expect, it, onTestFinished } from 'vitest'
import { startChild } from './child.test-support.ts'
import { expectWhole } from './shared-study.test-support.ts'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

const space = { rate: float(0.1, 1) }

async function opened(): Promise<{ readonly path: string; readonly storage: SqliteStorage }> {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
  onTestFinished(() => storage.close())
  return { path, storage }
}

it('a study is renamed, extended and corrected by one process while another runs its trials, which knows nothing of it', { timeout: 120_000 }, async () => {
  const { path, storage } = await opened()
  const study = await createStudy({ name: 'digits', space, seed: 1, storage })
  const worker = startChild(new URL('./correcting.test-support.ts', import.meta.url), 'work', path, 30)
  for (let line = await worker.line(); line !== 'trial 3'; line = await worker.line()) expect(line).toMatch(/^trial \d+$/)
  await study.void(0, 'wrong data', { by: 'Ada' })
  await study.edit(1, { metrics: { value: -1 } }, 'in percent', { by: 'Ada' })
  const wider = await study.extendSpace({ rate: float(0.01, 2), dropout: float(0, 0.5) }, { values: { dropout: 0 }, by: 'Ada' })
  await study.rename('letters', { by: 'Ada' })
  worker.say('go')
  expect(await worker.ended).toEqual({ code: 0, signal: null })
  await wider.refresh()
  expect(wider.counts).toMatchObject({ complete: 30, failed: 0, running: 0, waiting: 0 })
  expect(wider.trials().every(({ params }) => params.dropout >= 0)).toBe(true)
  expect(wider.trials().filter(({ params }) => params.dropout > 0).length).toBeGreaterThan(0)
  expect(wider.best).toMatchObject({ number: 1, value: -1 })
  const later: Study = await loadStudy({ storage, name: 'letters' })
  expect(later.trials().map(({ params, values, voided }) => [params, values, voided])).toEqual(wider.trials().map(({ params, values, voided }) => [params, values, voided]))
  expect((await later.history()).map(({ what, by }) => [what, by])).toEqual([['void', 'Ada'], ['edit', 'Ada'], ['space', 'Ada'], ['rename', 'Ada']])
  const warnings: string[] = []
  for await (const event of later.events()) if (event.type === 'warning') warnings.push(event.message)
  expect(warnings).toEqual([expect.stringMatching(/Ada has extended the space.*written without "dropout"/)])
  expectWhole(path)
})

it('a merge whose process is killed after any of its writes is completed by the next one, and nothing is there twice', { timeout: 240_000 }, async () => {
  const values = Array.from({ length: 60 }, (_, i) => i)
  let deaths = 0
  for (let finished = false; !finished; ) {
    const { path, storage } = await opened()
    await createStudy({ name: 'digits', space, storage })
    const other = await createStudy({ name: 'other', space, storage })
    await other.optimize(async function* ({ number }) {
      for (let step = 1; step <= 20; step++) yield { step, value: number }
    }, { trials: values.length })
    const merging = startChild(new URL('./correcting.test-support.ts', import.meta.url), 'merge', path, deaths + 1)
    finished = (await merging.line()) === 'merged'
    if (!finished) {
      expect(await merging.ended).toEqual({ code: null, signal: 'SIGKILL' })
      deaths++
    }
    const { added, known } = await mergeStudies(storage, 'other', 'digits')
    expect([added + known, added === 0]).toEqual([values.length, finished || known === values.length])
    const digits = await loadStudy({ storage, name: 'digits' })
    expect(digits.trials().map(({ state, value, reports }) => [state, value, reports.length])).toEqual(values.map((value) => ['complete', value, 20]))
    expectWhole(path)
  }
  expect(deaths).toBeGreaterThanOrEqual(3)
})
