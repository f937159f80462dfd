import type { Operation, Storage, WriteRequest, WriteResult } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { apply, bodiesOf, completion, definitionOf, historyOf, leaseOf, newStudy, refused, runningTrial, type StorageSubject, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

/** A life of several trials, one request a line. Numbers follow from the order. */
const life: readonly (readonly Operation[])[] = [
  [{ type: 'session', owner: 'host/1', phase: 'opened' }],
  [runningTrial('a'), waitingTrial()],
  [{ type: 'report', number: 0, token: 'a', step: 1, metrics: { loss: 3 } }, { type: 'attribute', number: 0, key: 'k', value: 1 }],
  [{ type: 'checkpoint', number: 0, token: 'a', step: 1, artifact: { hash: 'aa', size: 1, kind: 'k' } }],
  [{ type: 'renew', number: 0, token: 'a', milliseconds: 1000 }],
  [{ type: 'claim', lease: leaseOf('b', 0) }],
  [{ type: 'sweep', gone: [] }],
  [{ type: 'pause', number: 0, token: 'a' }],
  [{ type: 'claim', number: 0, lease: leaseOf('c') }],
  [{ type: 'assign', number: 0, token: 'c', params: { x: 0.75 } }],
  [{ type: 'extend', path: 'y', leaf: { kind: 'boolean' } }],
  [completion(0, 'c', 0.5), runningTrial('d')],
  [{ type: 'finish', number: 2, token: 'd', outcome: { state: 'failed', failure: { reason: 'error', message: 'x' } }, requeue: true }],
  [{ type: 'amend', number: 0, amendment: { metrics: { loss: 0.25 }, note: 'units' }, by: 'me' }],
  [{ type: 'artifact', name: 'report', artifact: { hash: 'bb', size: 2, kind: 'html' } }],
  [{ type: 'warn', source: 'test', message: 'done' }],
]

async function live(storage: Storage, name: string): Promise<string> {
  const { id } = await newStudy(storage, name, `create ${name}`)
  for (const [i, operations] of life.entries()) await write(storage, id, { id: `${name} ${i}`, operations })
  return id
}

async function write(storage: Storage, studyId: string, request: WriteRequest): Promise<WriteResult> {
  const result = await settles(storage.write(studyId, request), 'write()')
  ensure(result.ok, () => `write() must accept ${show(request)}, but refused it: ${show(result)}.`)
  return result
}

class AnswerLost extends Error {}

/** Loses the answer of one call, counted from 0, after it took effect; the caller repeats the call with the same id. */
function losingAnswer(storage: Storage, lost: number): { readonly storage: Storage; readonly calls: () => number } {
  let calls = 0
  const once = async <T>(call: () => T): Promise<Awaited<T>> => {
    const answer = await call()
    if (calls++ === lost) throw new AnswerLost()
    return answer
  }
  const repeated = async <T>(call: () => T): Promise<Awaited<T>> => {
    try {
      return await once(call)
    } catch (error) {
      if (!(error instanceof AnswerLost)) throw error
      return once(call)
    }
  }
  return {
    calls: () => calls,
    storage: {
      specVersion: 'v1',
      persistent: storage.persistent,
      createStudy: (definition, requestId) => repeated(() => storage.createStudy(definition, requestId)),
      findStudy: (name) => repeated(() => storage.findStudy(name)),
      listStudies: () => repeated(() => storage.listStudies()),
      copyStudy: (name, as, requestId) => repeated(() => storage.copyStudy(name, as, requestId)),
      deleteStudy: (name, requestId) => repeated(() => storage.deleteStudy(name, requestId)),
      write: (studyId, request) => repeated(() => storage.write(studyId, request)),
      changesSince: (studyId, revision, limit) => repeated(() => storage.changesSince(studyId, revision, limit)),
      close: () => storage.close(),
    },
  }
}

/** Requests: all or nothing, applied once. */
export function requestCases(test: Test): readonly SuiteCase[] {
  return [
    test('applies all operations of a request or none', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, waitingTrial(), runningTrial('a'))
      const before = await historyOf(storage, id)
      const summary = await storage.findStudy('study')
      const good: readonly Operation[] = [
        waitingTrial(), { type: 'claim', number: 0, lease: leaseOf('b') }, { type: 'report', number: 1, token: 'a', step: 1, metrics: {} },
        completion(1, 'a'), { type: 'attribute', key: 'k', value: 1 }, { type: 'extend', path: 'x', leaf: { kind: 'boolean' } },
      ]
      for (let length = 1; length <= good.length; length++) {
        await refused(storage, id, [...good.slice(0, length), completion(99, 'a')], 'missing', `A request whose operation ${length} is refused`)
        ensureEqual(await historyOf(storage, id), before, `history after a request was refused at operation ${length}`)
        ensureEqual(await storage.findStudy('study'), summary, `summary after a request was refused at operation ${length}`)
      }
      await apply(storage, id, ...good)
      ensureEqual((await bodiesOf(storage, id)).length, before.length + good.length, 'length of the history after the same operations were accepted')
    }),
    test('lets a later operation of a request see the earlier ones', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('a'), { type: 'report', number: 0, token: 'a', step: 1, metrics: { loss: 1 } }, completion(0, 'a'), waitingTrial(), { type: 'claim', lease: leaseOf('b') }, completion(1, 'b'))
      ensureEqual((await storage.findStudy('study'))?.counts.complete, 2, 'number of complete trials')
    }),
    test('P7: applies a request once and answers its changes again', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      const other = (await another?.()) ?? storage
      const first: WriteResult[] = []
      for (const [i, operations] of life.entries()) {
        first.push(await write(storage, id, { id: `r${i}`, operations }))
        ensureEqual(await write(other, id, { id: `r${i}`, operations }), first[i], `answer when request ${i} is repeated at once`)
      }
      const before = await historyOf(storage, id)
      for (const [i, operations] of life.entries()) {
        // One that changed nothing, as a renewal, leaves nothing to remember it by.
        if (first[i]?.ok === true && first[i].changes.length === 0) continue
        ensureEqual(await write(other, id, { id: `r${i}`, operations }), first[i], `answer when request ${i} is repeated at the end`)
      }
      ensureEqual(await historyOf(storage, id), before, 'history after every request was repeated')
      if (other !== storage) await other.close()
    }),
    test('P7: remembers a request for a thousand changes', async ({ storage }) => {
      const { id } = await newStudy(storage)
      const request = { id: 'remembered', operations: [waitingTrial()] }
      const first = await write(storage, id, request)
      for (let i = 0; i < 999; i++) await write(storage, id, { id: `later ${i}`, operations: [{ type: 'attribute', key: 'k', value: i }] })
      ensureEqual(await write(storage, id, request), first, 'answer to a request that is repeated 999 changes later')
      ensureEqual((await storage.findStudy('study'))?.revision, 1000, 'revision after that')
    }),
    test('keeps equal request ids of two studies apart', async ({ storage }) => {
      const one = await newStudy(storage, 'one')
      const two = await newStudy(storage, 'two')
      await write(storage, one.id, { id: 'same', operations: [waitingTrial({ x: 1 })] })
      await write(storage, two.id, { id: 'same', operations: [waitingTrial({ x: 2 })] })
      ensureEqual(await bodiesOf(storage, two.id), [{ type: 'create', number: 0, origin: 'sampler', params: { x: 2 } }], 'history of the second study')
    }),
    test('P7: loses and doubles nothing when an answer is lost, whichever it is', async ({ storage }) => {
      const expected = await bodiesOf(storage, await live(storage, 'undisturbed'))
      const rehearsal = losingAnswer(storage, -1)
      await live(rehearsal.storage, 'rehearsal')
      for (let lost = 0; lost < rehearsal.calls(); lost++) {
        const name = `loses answer ${lost}`
        const id = await live(losingAnswer(storage, lost).storage, name)
        ensureEqual(await bodiesOf(storage, id), expected, `history of a study that lost the answer of its call ${lost}`)
      }
      const copying = losingAnswer(storage, 0)
      const copy = await copying.storage.copyStudy('undisturbed', 'copy', 'copy')
      ensure(copy !== undefined, 'copyStudy() whose answer was lost must answer the copy when it is repeated.')
      ensureEqual(await bodiesOf(storage, copy.id), expected, 'history of a copy whose answer was lost')
      ensureEqual(await losingAnswer(storage, 0).storage.deleteStudy('copy', 'delete'), true, 'answer of deleteStudy() that is repeated after its first was lost')
      ensureEqual((await storage.createStudy(definitionOf('rehearsal'), 'create rehearsal'))?.definition.name, 'rehearsal', 'name of a study whose creation is repeated late')
    }),
  ]
}
