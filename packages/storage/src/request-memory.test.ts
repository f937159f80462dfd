import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { sharedStudy } from './shared-study.test-support.ts'

const minute = 60_000

function countRequests(path: string): number {
  const database = new DatabaseSync(path)
  const { requests } = database.prepare('select count(*) as requests from requests').get() as { requests: number }
  database.close()
  return requests
}

it('P19: the memory of requests does not grow with the history, and keeps a thousand changes and five minutes', async () => {
  let now = 0
  const { path, id, storage } = await sharedStudy({ clock: { now: () => now } })
  const write = (name: string) => storage.write(id, { id: name, operations: [{ type: 'attribute', key: name, value: null }] })
  const first = await write('first')
  for (let i = 0; i < 1500; i++) await write(`early ${i}`)
  expect(countRequests(path), 'within five minutes all are kept').toBe(1501)
  expect(await write('first'), 'the answer to a repeated request').toEqual(first)
  now += 6 * minute
  for (let i = 0; i < 3000; i++) {
    await write(`late ${i}`)
    now += minute / 10
  }
  expect(countRequests(path)).toBeLessThan(1000 + 1100)
  expect(await write('late 2001'), 'a request of a thousand changes ago, which is older than five minutes').toMatchObject({ ok: true, changes: [{ revision: 1501 + 2002 }] })
})

it('what changes nothing leaves no request: renewals, and sweeps that find nothing', async () => {
  const { path, apply } = await sharedStudy()
  await apply({ type: 'create', origin: 'sampler', params: { x: 1 }, lease: { owner: 'host', token: 'mine/1', milliseconds: 60_000 } })
  for (let i = 0; i < 10; i++) await apply({ type: 'renew', number: 0, token: 'mine/1', milliseconds: 60_000 }, { type: 'sweep', gone: [] })
  expect(countRequests(path)).toBe(1)
})
