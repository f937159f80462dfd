import { ensure, ensureEqual, rejection, settles, show } from './check.ts'
import { apply, bodiesOf, completion, definitionOf, historyOf, leaseOf, newStudy, refused, runningTrial, type StorageSubject, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

/** Names that a careless storage takes for something else than a name. */
const hostileNames: readonly string[] = [
  'plain', 'Plain', ' plain', 'plain ', '..', '../plain', '/etc/passwd', 'C:\\plain', 'con', 'a/b', 'a.b', 'a%2Fb',
  '__proto__', 'constructor', 'prototype', 'toString', "x'; drop table studies; --", '"', '`', '${plain}', '%', '_', '*',
  'é', 'e\u0301', 'ß', 'ss', '日本', '😀', 'a\u0000b', 'a', 'n'.repeat(300), '0', '-0', 'null', 'true',
]

const absentCounts = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }

/** Studies: made, found, listed, copied, deleted. */
export function studyCases(test: Test): readonly SuiteCase[] {
  return [
    test('says which contract it keeps', async ({ storage, another, damage }) => {
      ensureEqual(storage.specVersion, 'v1', 'specVersion')
      ensure(typeof storage.persistent === 'boolean', 'persistent must be true or false.')
      if (!storage.persistent) return
      ensure(another !== undefined, 'The storage says that it is persistent: give `another`, so that this can be shown.')
      ensure(damage !== undefined, 'The storage says that it is persistent: give `damage`, so that a bad record can be shown to cost no study.')
    }),
    test('makes a study and finds it again', async ({ storage }) => {
      const made = await newStudy(storage, 'digits')
      ensureEqual(made.definition, definitionOf('digits'), 'definition')
      ensureEqual(made.revision, 0, 'revision of a new study')
      ensureEqual(made.counts, absentCounts, 'counts of a new study')
      ensure(Number.isFinite(made.createdAt), () => `createdAt must be a number, not ${show(made.createdAt)}.`)
      ensureEqual(await storage.findStudy('digits'), made, 'findStudy()')
      ensureEqual(await storage.findStudy('letters'), undefined, 'findStudy() of a name that no study has')
      ensureEqual(await bodiesOf(storage, made.id), [], 'history of a new study')
    }),
    test('lets one study have a name', async ({ storage }) => {
      const made = await newStudy(storage, 'digits', 'first')
      ensureEqual(await storage.createStudy({ ...definitionOf('digits'), seed: 8 }, 'second'), undefined, 'createStudy() with a name that is taken')
      ensureEqual(await storage.findStudy('digits'), made, 'findStudy() after that')
    }),
    test('P7: answers the same study when createStudy is repeated', async ({ storage }) => {
      const made = await newStudy(storage, 'digits', 'first')
      ensureEqual(await storage.createStudy(definitionOf('digits'), 'first'), made, 'createStudy() again with the same request id')
      ensureEqual((await storage.listStudies()).length, 1, 'number of studies')
    }),
    test('counts trials by state and names the last revision', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      await apply(storage, id, waitingTrial(), waitingTrial(), runningTrial('a'), runningTrial('b'))
      await apply(storage, id, completion(2, 'a'))
      const summary = await storage.findStudy('digits')
      ensureEqual(summary?.counts, { ...absentCounts, waiting: 2, running: 1, complete: 1 }, 'counts')
      ensureEqual(summary?.revision, 5, 'revision')
    }),
    test('lists studies in order of creation', async ({ storage }) => {
      const names = ['m', 'z', 'a', 'k']
      for (const name of names) await newStudy(storage, name)
      await storage.deleteStudy('z', 'delete z')
      ensureEqual((await storage.listStudies()).map(({ definition }) => definition.name), ['m', 'a', 'k'], 'listStudies()')
    }),
    test('keeps studies apart whatever their names are', async ({ storage }) => {
      const ids = new Map<string, string>()
      for (const name of hostileNames) ids.set(name, (await newStudy(storage, name)).id)
      ensureEqual(new Set(ids.values()).size, hostileNames.length, 'number of different ids')
      for (const [i, name] of hostileNames.entries()) await apply(storage, ids.get(name) as string, waitingTrial({ x: i }))
      for (const [i, name] of hostileNames.entries()) {
        const found = await storage.findStudy(name)
        ensureEqual(found?.id, ids.get(name), `id of the study ${show(name)}`)
        ensureEqual(found?.definition.name, name, 'name of the study that was found')
        ensureEqual(await bodiesOf(storage, found?.id as string), [{ type: 'create', number: 0, origin: 'sampler', params: { x: i } }], `history of ${show(name)}`)
      }
    }),
    test('deletes a study with its history', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      const other = await newStudy(storage, 'letters')
      await apply(storage, id, waitingTrial())
      await apply(storage, other.id, waitingTrial())
      ensureEqual(await storage.deleteStudy('digits', 'delete'), true, 'deleteStudy()')
      ensureEqual(await storage.deleteStudy('digits', 'delete again'), false, 'deleteStudy() of a study that was deleted')
      ensureEqual(await storage.findStudy('digits'), undefined, 'findStudy() after deleteStudy()')
      await rejection(async () => storage.changesSince(id, 0), 'changesSince() of a deleted study')
      await rejection(async () => storage.write(id, { id: 'late', operations: [waitingTrial()] }), 'write() to a deleted study')
      const again = await newStudy(storage, 'digits')
      ensure(again.id !== id, 'A new study must not get the id of a deleted one: a late writer would reach it.')
      ensureEqual(await bodiesOf(storage, again.id), [], 'history of a new study under an old name')
      ensureEqual((await bodiesOf(storage, other.id)).length, 1, 'length of the history of the study that stayed')
    }),
    test('P7: deletes once when deleteStudy is repeated, and leaves a new study of that name alone', async ({ storage, another }) => {
      const other = (await another?.()) ?? storage
      await newStudy(storage, 'digits')
      ensureEqual(await storage.deleteStudy('digits', 'delete'), true, 'deleteStudy()')
      ensureEqual(await other.deleteStudy('digits', 'delete'), true, 'deleteStudy() again with the same request id')
      const again = await newStudy(storage, 'digits')
      ensureEqual(await other.deleteStudy('digits', 'delete'), true, 'deleteStudy() repeated late')
      ensureEqual((await storage.findStudy('digits'))?.id, again.id, 'the new study after the deletion of the old one was repeated')
      if (other !== storage) await other.close()
    }),
    test('P4: leaves leases and tokens behind when a study is copied: what runs in the source waits in the copy', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      await apply(storage, id, runningTrial('a'), waitingTrial(), runningTrial('b'), { type: 'report', number: 2, token: 'b', step: 1, metrics: { loss: 1 } })
      const before = await historyOf(storage, id)
      const copy = await storage.copyStudy('digits', 'digits 2', 'copy')
      ensure(copy !== undefined, 'copyStudy() must copy a study to a name that is free.')
      ensureEqual(copy.counts, { ...absentCounts, waiting: 3 }, 'counts of the copy')
      const history = await historyOf(storage, copy.id)
      ensureEqual(copy.revision, history.length, 'revision of the copy')
      ensureEqual(history.slice(0, before.length), before, 'history of the copy up to where it was made')
      const added = history.slice(before.length).map(({ body }) => (body.type === 'requeue' ? `requeue ${body.number} ${body.failure.reason}` : show(body)))
      ensureEqual(added, ['requeue 0 lost', 'requeue 2 lost'], 'what the copy adds')
      await refused(storage, copy.id, [completion(0, 'a')], 'state', "A completion in the copy under the source's token", 'waiting')
      await apply(storage, copy.id, { type: 'claim', number: 0, lease: leaseOf('c') })
      await refused(storage, copy.id, [completion(0, 'a')], 'stale', "A completion in the copy under the source's token, once it runs there")
      ensureEqual(await historyOf(storage, id), before, 'history of the source')
      await apply(storage, id, completion(0, 'a'), completion(2, 'b'))
      await apply(storage, copy.id, completion(0, 'c'))
    }),
    test('copies a study, and the two go on apart', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      await apply(storage, id, waitingTrial({ x: 0.25 }), runningTrial('a'))
      await apply(storage, id, completion(1, 'a', 0.5), { type: 'extend', path: 'y', leaf: { kind: 'boolean' } })
      const before = await historyOf(storage, id)
      const copy = await storage.copyStudy('digits', 'digits 2', 'copy')
      ensure(copy !== undefined, 'copyStudy() must copy a study to a name that is free.')
      ensureEqual(copy.definition, definitionOf('digits 2'), 'definition of the copy')
      ensureEqual(copy.counts, { ...absentCounts, waiting: 1, complete: 1 }, 'counts of the copy')
      ensureEqual(copy.revision, before.length, 'revision of the copy')
      ensureEqual(await historyOf(storage, copy.id), before, 'history of the copy')
      ensureEqual(await storage.copyStudy('digits', 'digits 2', 'copy'), copy, 'copyStudy() again with the same request id')
      const [created] = await apply(storage, copy.id, waitingTrial())
      ensureEqual(created?.body, { type: 'create', number: 2, origin: 'sampler', params: { x: 0.5 } }, 'next trial of the copy')
      ensureEqual(await historyOf(storage, id), before, 'history of the source after a write to the copy')
      await apply(storage, id, { type: 'claim', number: 0, lease: { owner: 'o', token: 't', milliseconds: 1000 } })
      ensureEqual((await storage.findStudy('digits 2'))?.counts.waiting, 2, 'waiting trials of the copy after a claim in the source')
      await refused(storage, copy.id, [{ type: 'extend', path: 'y', leaf: { kind: 'other' } }], 'state', 'Another definition of a leaf that was copied')
      ensureEqual(await storage.copyStudy('absent', 'b', 'copy 2'), undefined, 'copyStudy() of a study that is not there')
      ensureEqual(await storage.copyStudy('digits', 'digits 2', 'copy 3'), undefined, 'copyStudy() to a name that is taken')
    }),
    test('rejects for a study that is not there', async ({ storage }) => {
      await newStudy(storage, 'digits')
      await rejection(async () => storage.write('no such id', { id: 'x', operations: [waitingTrial()] }), 'write() with an id that no study has')
      await rejection(async () => storage.changesSince('no such id', 0), 'changesSince() with an id that no study has')
    }),
    test('rejects every call after close, which may be called twice', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      await settles(storage.close(), 'close()')
      await settles(storage.close(), 'close() again')
      await rejection(async () => storage.createStudy(definitionOf('letters'), 'r'), 'createStudy() after close()')
      await rejection(async () => storage.findStudy('digits'), 'findStudy() after close()')
      await rejection(async () => storage.listStudies(), 'listStudies() after close()')
      await rejection(async () => storage.copyStudy('digits', 'letters', 'r'), 'copyStudy() after close()')
      await rejection(async () => storage.deleteStudy('digits', 'r'), 'deleteStudy() after close()')
      await rejection(async () => storage.write(id, { id: 'r', operations: [waitingTrial()] }), 'write() after close()')
      await rejection(async () => storage.changesSince(id, 0), 'changesSince() after close()')
    }),
  ]
}
