import { expect, it } from 'vitest'
import { startChild } from './child.test-support.ts'
import { expectWhole, sharedStudy } from './shared-study.test-support.ts'

it('P2, P18: 32 writers of which one process after the other is killed leave a whole file, and numbers and revisions without a gap', { timeout: 240_000 }, async () => {
  const { path, storage, id } = await sharedStudy()
  // 8 processes with two threads of two storages each. They write until they are killed.
  const writers = Array.from({ length: 8 }, (_, i) => startChild(new URL('./writer.test-support.ts', import.meta.url), path, `writer ${i}`, 2, 2, 1_000_000, 'sound', 'shared'))
  for (const writer of writers) expect(await writer.line()).toBe('ready')
  for (const writer of writers) writer.say('go')
  const revision = async (): Promise<number> => (await storage.findStudy('shared'))?.revision ?? 0
  for (const [i, writer] of writers.entries()) {
    // Each is killed in the midst of writes, of its own and of others.
    const before = await revision()
    while ((await revision()) < before + 50);
    writer.signal('SIGKILL')
    expect(await writer.ended, `end of writer ${i}`).toEqual({ code: null, signal: 'SIGKILL' })
    expectWhole(path)
  }
  const changes = await storage.changesSince(id, 0, 1_000_000)
  expect(changes.length).toBeGreaterThan(400)
  expect(changes.findIndex((change, i) => change.revision !== i + 1), 'first revision that is not the next one').toBe(-1)
  const created = changes.flatMap(({ body }) => (body.type === 'create' ? [body] : []))
  expect(created.findIndex(({ number }, i) => number !== i), 'first number that is not the next one').toBe(-1)
  expect(new Set(created.map(({ params }) => params?.['token'])).size, 'nothing was made twice').toBe(created.length)
  expect((await storage.findStudy('shared'))?.counts.complete).toBe(changes.filter(({ body }) => body.type === 'finish').length)
})
