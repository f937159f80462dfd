import type { Operation, Outcome, TrialState } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { apply, bodiesOf, completion, historyOf, hour, leaseOf, newStudy, onlyState, refused, runningTrial, type StorageSubject, studyWithTrialIn, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

const states: readonly TrialState[] = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed']
const finals: readonly Outcome['state'][] = ['complete', 'pruned', 'failed']

/** A number that is nowhere but in the writes of a former owner. */
const intruder = 0.6180339887

/** Operations on trial 0 that move it or write to it, and the states in which its holder may do them. */
const moves: readonly (readonly [what: string, operation: Operation, allowed: readonly TrialState[]])[] = [
  ['a claim', { type: 'claim', number: 0, lease: leaseOf('next') }, ['waiting', 'paused']],
  ['a report', { type: 'report', number: 0, token: 'holder', step: 1, metrics: { loss: 2 } }, ['running']],
  ['a checkpoint', { type: 'checkpoint', number: 0, token: 'holder', step: 1, artifact: { hash: 'aa', size: 1, kind: 'k' } }, ['running']],
  ['new parameters', { type: 'assign', number: 0, token: 'holder', params: { x: 0.1 } }, ['running']],
  ['a renewal', { type: 'renew', number: 0, token: 'holder', milliseconds: hour }, ['running']],
  ['a pause', { type: 'pause', number: 0, token: 'holder' }, ['running']],
  ['a completion', completion(0, 'holder', 3), ['running']],
  ['a pruning', { type: 'finish', number: 0, token: 'holder', outcome: { state: 'pruned', metrics: {} } }, ['running']],
  ['a failure', { type: 'finish', number: 0, token: 'holder', outcome: { state: 'failed', failure: { reason: 'timeout', message: 'late' } } }, ['running']],
  ['a pruning without a token', { type: 'finish', number: 0, outcome: { state: 'pruned', metrics: {} } }, ['paused']],
  ['a corrected metric', { type: 'amend', number: 0, amendment: { metrics: { loss: 4 }, note: 'units' }, by: 'me' }, ['complete', 'pruned']],
  ['a void', { type: 'amend', number: 0, amendment: { void: 'bad data' }, by: 'me' }, ['waiting', 'paused', 'complete', 'pruned', 'failed']],
]

/** The life of a trial: numbers, states, leases, tokens. */
export function trialCases(test: Test): readonly SuiteCase[] {
  return [
    test('P2: numbers trials from 0 without a gap, also after refusals', async ({ storage }) => {
      const { id } = await newStudy(storage)
      for (let i = 0; i < 5; i++) {
        const [created] = await apply(storage, id, { type: 'create', expect: i, origin: 'enqueued', params: { x: i } })
        ensureEqual(created?.body, { type: 'create', number: i, origin: 'enqueued', params: { x: i } }, `change of create ${i}`)
        await refused(storage, id, [{ type: 'create', expect: i, origin: 'sampler' }], 'number-taken', 'A create that expects a number that is taken')
        await refused(storage, id, [{ type: 'create', expect: i + 2, origin: 'sampler' }], 'number-taken', 'A create that expects a later number')
      }
    }),
    test('P2: numbers trials without a gap when many are made at once', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      const other = (await another?.()) ?? storage
      const writers = Array.from({ length: 60 }, async (_, i) => apply(i % 2 === 0 ? storage : other, id, waitingTrial({ x: i })))
      const numbers = (await settles(Promise.all(writers), '60 writes at once')).map(([change]) => (change?.body.type === 'create' ? change.body.number : -1))
      ensureEqual([...numbers].sort((a, b) => a - b), Array.from({ length: 60 }, (_, i) => i), 'numbers that the writers got')
      ensureEqual((await historyOf(storage, id)).length, 60, 'length of the history')
      if (other !== storage) await other.close()
    }),
    test('lets a trial be born waiting, running or ended', async ({ storage }) => {
      const { id } = await newStudy(storage)
      const changes = await apply(
        storage, id,
        { type: 'create', origin: 'fork', parent: 4, suggestion: { sampler: 'pbt@1', revision: 12, running: [1, 2], note: { arm: 'a' } }, attributes: { tag: ['x', null] } },
        runningTrial('a'),
        { type: 'create', origin: 'added', params: { x: 1 }, outcome: { state: 'complete', metrics: { loss: 0.5 } } },
      )
      ensureEqual(changes.map(({ body }) => body), [
        { type: 'create', number: 0, origin: 'fork', parent: 4, suggestion: { sampler: 'pbt@1', revision: 12, running: [1, 2], note: { arm: 'a' } }, attributes: { tag: ['x', null] } },
        { type: 'create', number: 1, origin: 'sampler', params: { x: 0.5 }, owner: 'host/1' },
        { type: 'create', number: 2, origin: 'added', params: { x: 1 }, outcome: { state: 'complete', metrics: { loss: 0.5 } } },
      ], 'changes of the three creates')
      ensureEqual((await storage.findStudy('study'))?.counts, { waiting: 1, running: 1, paused: 0, complete: 1, pruned: 0, failed: 0 }, 'counts')
    }),
    test('never tells a token', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('secret-token'))
      await apply(storage, id, { type: 'report', number: 0, token: 'secret-token', step: 1, metrics: {} }, completion(0, 'secret-token'))
      await apply(storage, id, waitingTrial(), { type: 'claim', lease: leaseOf('secret-token') })
      ensure(!JSON.stringify([await historyOf(storage, id), await storage.findStudy('study')]).includes('secret-token'), 'A token was found in what the storage answers: any reader could write in its owner’s name.')
    }),
    test('starts the waiting trial with the lowest number', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('a'), waitingTrial(), waitingTrial(), waitingTrial())
      const [first] = await apply(storage, id, { type: 'claim', lease: leaseOf('b') })
      ensureEqual(first?.body, { type: 'claim', number: 1, owner: 'host/1', attempt: 1 }, 'change of the first claim')
      await apply(storage, id, { type: 'claim', number: 2, lease: leaseOf('c') }, { type: 'claim', lease: leaseOf('d') })
      await refused(storage, id, [{ type: 'claim', lease: leaseOf('e') }], 'none-waiting', 'A claim where no trial waits')
    }),
    test('P4: gives each waiting trial to one of many claimers', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      const other = (await another?.()) ?? storage
      await apply(storage, id, ...Array.from({ length: 20 }, () => waitingTrial()))
      const claims = Array.from({ length: 30 }, async (_, i) => (i % 2 === 0 ? storage : other).write(id, { id: `claim ${i}`, operations: [{ type: 'claim', lease: leaseOf(`t${i}`) }] }))
      const results = await settles(Promise.all(claims), '30 claims at once')
      const numbers = results.flatMap((result) => (result.ok && result.changes[0]?.body.type === 'claim' ? [result.changes[0].body.number] : []))
      ensureEqual([...numbers].sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i), 'numbers that were claimed')
      if (other !== storage) await other.close()
    }),
    test('P3: allows each move of a trial in its states only', async ({ storage }) => {
      for (const state of states) {
        for (const [what, operation, allowed] of moves) {
          const name = `${state} ${what}`
          const id = await studyWithTrialIn(storage, state, name)
          if (allowed.includes(state)) {
            await apply(storage, id, operation)
            continue
          }
          const before = await historyOf(storage, id)
          await refused(storage, id, [operation], 'state', `${what} on a ${state} trial`, state)
          ensureEqual(await historyOf(storage, id), before, `history after ${what} on a ${state} trial was refused`)
          ensureEqual(await onlyState(storage, name), state, `state after ${what} on a ${state} trial was refused`)
        }
      }
    }),
    test('P3: never changes a state that is final', async ({ storage }) => {
      for (const state of finals) {
        const id = await studyWithTrialIn(storage, state, state)
        const before = await historyOf(storage, id)
        for (const token of ['holder', 'other']) {
          for (const end of finals) {
            const outcome: Outcome = end === 'failed' ? { state: end, failure: { reason: 'error', message: 'late' } } : { state: end, metrics: { loss: 9 } }
            await refused(storage, id, [{ type: 'finish', number: 0, token, outcome, requeue: end === 'failed' }], 'state', `Ending a ${state} trial as ${end}`, state)
          }
        }
        await apply(storage, id, { type: 'sweep', gone: ['host/1'] })
        ensureEqual(await historyOf(storage, id), before, `history of a ${state} trial after attempts to change it`)
        ensureEqual(await onlyState(storage, state), state, 'state')
      }
    }),
    test('says which trial is missing', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, waitingTrial())
      for (const number of [1, -1, 0.5, 1e300, NaN]) {
        await refused(storage, id, [{ type: 'claim', number, lease: leaseOf('a') }], 'missing', `A claim of trial ${number}`)
        await refused(storage, id, [completion(number, 'a')], 'missing', `A completion of trial ${number}`)
        await refused(storage, id, [{ type: 'attribute', number, key: 'k', value: 1 }], 'missing', `An attribute of trial ${number}`)
        await refused(storage, id, [{ type: 'amend', number, amendment: { void: 'x' }, by: 'me' }], 'missing', `A void of trial ${number}`)
      }
      ensureEqual((await historyOf(storage, id)).length, 1, 'length of the history')
    }),
    test('P4: takes writes of the current owner only', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('first', 0, 'slow'))
      await apply(storage, id, { type: 'sweep', gone: [] })
      await refused(storage, id, [completion(0, 'first', intruder)], 'state', 'A completion by an owner whose trial waits again', 'waiting')
      const [claimed] = await apply(storage, id, { type: 'claim', lease: leaseOf('second', hour, 'fast') })
      ensureEqual(claimed?.body, { type: 'claim', number: 0, owner: 'fast', attempt: 2 }, 'change of the second claim')
      const late: readonly Operation[] = [
        { type: 'report', number: 0, token: 'first', step: 5, metrics: { loss: intruder } },
        { type: 'checkpoint', number: 0, token: 'first', step: 5, artifact: { hash: 'aa', size: 1, kind: 'k' } },
        { type: 'assign', number: 0, token: 'first', params: { x: intruder } },
        { type: 'renew', number: 0, token: 'first', milliseconds: hour },
        { type: 'pause', number: 0, token: 'first' },
        completion(0, 'first', intruder),
      ]
      for (const operation of late) await refused(storage, id, [operation], 'stale', `A ${operation.type} by a former owner`)
      await apply(storage, id, completion(0, 'second', 1))
      await refused(storage, id, [completion(0, 'first', intruder)], 'state', 'A completion by a former owner after the end', 'complete')
      ensureEqual((await bodiesOf(storage, id)).at(-1), { type: 'finish', number: 0, outcome: { state: 'complete', metrics: { loss: 1 } } }, 'last change')
      ensure(!JSON.stringify(await bodiesOf(storage, id)).includes(String(intruder)), 'Something that the former owner wrote is in the history.')
    }),
    test('P5: requeues a lost trial exactly once, and no other', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      const other = (await another?.()) ?? storage
      await apply(storage, id, runningTrial('alive'), runningTrial('ended', 0), runningTrial('dead', hour, 'gone/1'), waitingTrial())
      const sweeps = await settles(Promise.all([storage, other, storage].map(async (one) => apply(one, id, { type: 'sweep', gone: ['gone/1'] }))), 'three sweeps at once')
      const requeued = sweeps.flat().map(({ body }) => (body.type === 'requeue' ? `${body.number} ${body.failure.reason}` : show(body)))
      ensureEqual([...requeued].sort(), ['1 lost', '2 lost'], 'what the three sweeps requeued')
      ensureEqual((await storage.findStudy('study'))?.counts.waiting, 3, 'number of waiting trials')
      const again = await apply(storage, id, { type: 'claim', number: 1, lease: leaseOf('next') })
      ensureEqual(again[0]?.body, { type: 'claim', number: 1, owner: 'host/1', attempt: 2 }, 'change of the next claim')
      if (other !== storage) await other.close()
    }),
    test('keeps a renewed lease alive', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('a', 0))
      ensureEqual(await apply(storage, id, { type: 'renew', number: 0, token: 'a', milliseconds: hour }), [], 'changes of a renewal')
      ensureEqual(await apply(storage, id, { type: 'sweep', gone: ['somebody else'] }), [], 'changes of a sweep')
      await apply(storage, id, { type: 'renew', number: 0, token: 'a', milliseconds: 0 })
      ensureEqual((await apply(storage, id, { type: 'sweep', gone: [] })).length, 1, 'number of trials that a sweep requeued after the lease ended')
    }),
    test('P5: fails and requeues in one step', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('a'))
      const failure = { reason: 'out-of-memory', message: 'no more' } as const
      await apply(storage, id, { type: 'finish', number: 0, token: 'a', outcome: { state: 'failed', failure }, requeue: true })
      ensureEqual((await bodiesOf(storage, id)).at(-1), { type: 'finish', number: 0, outcome: { state: 'failed', failure }, requeue: true }, 'change')
      ensureEqual(await onlyState(storage, 'study'), 'waiting', 'state after a failure that is tried again')
      const [claimed] = await apply(storage, id, { type: 'claim', lease: leaseOf('b') })
      ensureEqual(claimed?.body, { type: 'claim', number: 0, owner: 'host/1', attempt: 2 }, 'change of the next claim')
    }),
    test('lets a leaf have one definition', async ({ storage }) => {
      const { id } = await newStudy(storage)
      const leaf = { kind: 'float', low: 0, high: 1 }
      await apply(storage, id, { type: 'extend', path: 'x', leaf })
      ensureEqual(await apply(storage, id, { type: 'extend', path: 'x', leaf }), [], 'changes of the same leaf again')
      await refused(storage, id, [{ type: 'extend', path: 'x', leaf: { ...leaf, high: 2 } }], 'state', 'A second definition of a leaf')
      await refused(storage, id, [{ type: 'extend', path: 'y', leaf }, { type: 'claim', number: 3, lease: leaseOf('a') }], 'missing', 'A request with a claim of a trial that is not there')
      await apply(storage, id, { type: 'extend', path: 'y', leaf: { ...leaf, high: 3 } })
      ensureEqual((await bodiesOf(storage, id)).length, 2, 'number of changes')
    }),
    test('keeps notes of every kind as they are', async ({ storage }) => {
      const { id } = await newStudy(storage)
      const artifact = { hash: 'ab'.repeat(32), size: 12, kind: 'onnx', meta: { opset: 17 } }
      const notes: readonly Operation[] = [
        { type: 'session', owner: 'host/1', phase: 'opened', sampler: 'tpe@1', pruner: 'asha' },
        { type: 'session', owner: 'host/1', phase: 'started', goal: 50 },
        { type: 'attribute', key: 'author', value: { name: 'x', years: [1, 2] } },
        { type: 'attribute', number: 0, key: 'tag', value: null },
        { type: 'artifact', name: 'report', artifact },
        { type: 'artifact', number: 0, name: 'model', artifact },
        { type: 'artifact', number: 0, name: 'model', artifact: null },
        { type: 'warn', source: 'tpe', message: 'fell back to random' },
        { type: 'warn', number: 0, source: 'trainer', message: 'leak' },
        { type: 'remark', source: 'auto', message: 'goes on with CMA-ES' },
        { type: 'session', owner: 'host/1', phase: 'stopped', reason: 'signal' },
      ]
      await apply(storage, id, waitingTrial())
      await apply(storage, id, ...notes)
      ensureEqual((await bodiesOf(storage, id)).slice(1), notes, 'changes')
    }),
  ]
}
