import type { KeepAlive, Storage } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { apply, newStudy, runningTrial, type StorageSubject } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

/** Milliseconds: long enough for a thread to start in on a busy machine. */
const lease = 1600

/** Keeps the event loop from turning. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
}

/** Undefined where the storage does not renew leases by itself, which it need not. */
async function keepAlive(storage: Storage, studyId: string, session: string): Promise<KeepAlive | undefined> {
  return settles(storage.keepAlive?.(studyId, session, lease), 'keepAlive()')
}

async function swept(storage: Storage, studyId: string): Promise<readonly number[]> {
  const changes = await apply(storage, studyId, { type: 'sweep', gone: [] })
  return changes.map(({ body }) => (body.type === 'requeue' ? body.number : NaN))
}

/** Leases that are renewed while the event loop is blocked. */
export function keepAliveCases(test: Test): readonly SuiteCase[] {
  return [
    test('P6: keeps the leases of one session alive while the event loop is blocked, and no other', async ({ storage, another }) => {
      const other = (await another?.()) ?? storage
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('m_ne/1', lease), runningTrial('mine/1', lease), runningTrial('m_ne', lease), runningTrial('other/1', lease), runningTrial('m_ne/2', lease))
      const renewal = await keepAlive(storage, id, 'm_ne')
      if (renewal !== undefined) {
        block(3 * lease)
        ensureEqual(await swept(other, id), [1, 2, 3], 'trials that are lost after three leases with a blocked event loop: those whose token does not begin with the session and a slash')
        ensureEqual(await apply(storage, id, { type: 'report', number: 0, token: 'm_ne/1', step: 1, metrics: { loss: 1 } }).then((changes) => changes.length), 1, 'changes of a report after that')
        await settles(renewal.stop(), 'stop()')
        await settles(renewal.stop(), 'stop() again')
      }
      if (other !== storage) await other.close()
    }),
    test('P6: renews no lease that was given up, and none after stop', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('mine/1', lease), runningTrial('mine/2', lease))
      const renewal = await keepAlive(storage, id, 'mine')
      if (renewal === undefined) return
      renewal.forget('mine/1')
      block(2 * lease)
      ensureEqual(await swept(storage, id), [0], 'trials that are lost after one of two tokens was forgotten')
      await settles(renewal.stop(), 'stop()')
      block(1.5 * lease)
      ensureEqual(await swept(storage, id), [1], 'trials that are lost after stop()')
    }),
    test('P6: stops renewing when the storage is closed', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('mine/1', lease))
      const renewal = await keepAlive(storage, id, 'mine')
      if (renewal === undefined || another === undefined) return
      await settles(storage.close(), 'close()')
      await settles(renewal.stop(), 'stop() after close()')
      block(1.5 * lease)
      const other = await another()
      ensureEqual(await swept(other, id), [0], 'trials that are lost once the storage that renewed them is closed')
      await other.close()
      let failure: unknown
      try {
        await storage.keepAlive?.(id, 'mine', lease)
      } catch (error) {
        failure = error
      }
      ensure(failure instanceof Error, () => `keepAlive() after close() must fail with an Error, not with ${show(failure)}.`)
    }),
  ]
}
