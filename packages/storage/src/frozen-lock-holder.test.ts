import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { startChild } from './child.test-support.ts'
import { expectWhole, sharedStudy } from './shared-study.test-support.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

it('P9: nobody takes the lock of a process that is frozen in a transaction: 16 others are told that it is busy, and lose nothing', { timeout: 240_000 }, async () => {
  const { path, bodies } = await sharedStudy()
  const holder = startChild(new URL('./lock-holder.test-support.ts', import.meta.url), path, 'holder', 'holder')
  expect(await holder.line()).toBe('inside')
  holder.signal('SIGSTOP')
  const waiters = Array.from({ length: 16 }, (_, i) => startChild(new URL('./lock-holder.test-support.ts', import.meta.url), path, 'waiter', `waiter ${i}`))
  for (const waiter of waiters) expect(await waiter.line()).toBe('STORAGE_BUSY')
  expect(await bodies(), 'what can be read meanwhile').toEqual([])
  holder.signal('SIGCONT')
  holder.say('go on')
  for (const waiter of waiters) waiter.say('again')
  expect(await holder.line()).toBe('written')
  for (const waiter of waiters) expect(await waiter.line()).toBe('written')
  const names = (await bodies()).map((body) => (body.type === 'create' ? String(body.params?.['name']) : body.type))
  expect(names[0], 'the frozen one comes first: its transaction went on').toBe('holder')
  expect(names.toSorted()).toEqual(['holder', ...Array.from({ length: 16 }, (_, i) => `waiter ${i}`)].toSorted())
  expectWhole(path)
})

/** The broken twin: a lock file that counts as left behind once it is old, around a file that is read and written back. */
class StealingLock {
  readonly #lock: string
  readonly #data: string
  readonly #patience: number

  constructor(folder: string, patience: number) {
    this.#lock = join(folder, 'lock')
    this.#data = join(folder, 'data')
    this.#patience = patience
  }

  async add(name: string, inside: () => Promise<void> | void = () => undefined): Promise<void> {
    while (existsSync(this.#lock) && Date.now() - statSync(this.#lock).mtimeMs < this.#patience) await setTimeout(10)
    writeFileSync(this.#lock, name)
    const before = this.names()
    await inside()
    writeFileSync(this.#data, [...before, name].join('\n'))
    rmSync(this.#lock, { force: true })
  }

  names(): readonly string[] {
    return existsSync(this.#data) ? readFileSync(this.#data, 'utf8').split('\n') : []
  }
}

it('P9, broken twin: a lock that is taken over because it is old loses what others wrote', async () => {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const lock = new StealingLock(join(path, '..'), 100)
  await lock.add('holder', () => lock.add('waiter'))
  expect(lock.names()).toEqual(['holder'])
})
