import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { startLimitedChild } from './child.test-support.ts'
import { expectWhole, sharedStudy } from './shared-study.test-support.ts'

it('P1: a disk without room is a clear error that loses nothing, and the study goes on when there is room again', async ({ skip }) => {
  if (process.platform === 'win32') skip('Windows has no limit on the size of files that stands for a full disk')
  const { path, bodies } = await sharedStudy()
  const child = startLimitedChild(300, new URL('./full-disk.test-support.ts', import.meta.url), path)
  expect(await child.line()).toMatch(/^STORAGE_FULL: No space is left for .*Nothing of this request was stored/)
  const [written = '', read = ''] = (await child.line())?.match(/\d+/g) ?? []
  expect(Number(written)).toBeGreaterThan(5)
  expect(read, 'what was acknowledged can be read meanwhile').toBe(written)
  expectWhole(path)
  // Room again: the log is moved into the file by somebody without the limit.
  const database = new DatabaseSync(path)
  database.exec('pragma wal_checkpoint(truncate)')
  database.close()
  child.say('go on')
  expect(await child.line()).toBe('true')
  expect(await child.line()).toBe('closed')
  expect((await bodies()).map((body) => (body.type === 'attribute' ? body.key : body.type))).toEqual(Array.from({ length: Number(written) + 1 }, (_, i) => `${i}`))
  expectWhole(path)
})
