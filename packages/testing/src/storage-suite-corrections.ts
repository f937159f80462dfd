import type { Json, Operation } from '@attune/core'
import { ensure, ensureEqual } from './check.ts'
import { apply, bodiesOf, completion, definitionOf, historyOf, newStudy, refused, runningTrial, type StorageSubject, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

const by = 'person'

function renaming(name: string, note?: string): Operation {
  return note === undefined ? { type: 'rename', name, by } : { type: 'rename', name, by, note }
}

const larger: Json = { kind: 'group', children: { x: { kind: 'float', low: -0, high: 2 } } }

function revision(from: string, fingerprint: string, space: Json = larger): Operation {
  return { type: 'revise', from, space, fingerprint, values: { y: -0 }, by, note: 'wider' }
}

/** Corrections: amendments, another name, a larger space, trials of another study. */
export function correctionCases(test: Test): readonly SuiteCase[] {
  return [
    test('keeps who amended a trial, and ends one that waits or is paused by a void', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, runningTrial('a'), completion(0, 'a'), waitingTrial(), runningTrial('b'), { type: 'pause', number: 2, token: 'b' })
      const amendments = [{ void: 'bad' }, { restore: 'good' }, { metrics: { loss: -0 }, note: 'units' }, { add: { late: NaN } }, { add: { later: 1 }, note: 'measured' }] as const
      const operations: readonly Operation[] = [...amendments.map((amendment) => ({ type: 'amend', number: 0, amendment, by }) as const), { type: 'amend', number: 1, amendment: { void: 'x' }, by }, { type: 'amend', number: 2, amendment: { void: 'x' }, by }]
      const changes = await apply(storage, id, ...operations)
      ensureEqual(changes.map(({ body }) => body), operations, 'changes of the amendments')
      ensureEqual((await storage.findStudy('study'))?.counts, { waiting: 0, running: 0, paused: 0, complete: 1, pruned: 0, failed: 2 }, 'counts after a waiting and a paused trial became void')
      await refused(storage, id, [{ type: 'claim', lease: { owner: 'o', token: 't', milliseconds: 1000 } }], 'none-waiting', 'A claim after the waiting trial became void')
      await refused(storage, id, [{ type: 'claim', number: 2, lease: { owner: 'o', token: 't', milliseconds: 1000 } }], 'state', 'A claim of a paused trial that became void', 'failed')
    }),
    test('gives a study another name, under which it is found', async ({ storage, another }) => {
      const made = await newStudy(storage, 'digits')
      await newStudy(storage, 'letters')
      const other = (await another?.()) ?? storage
      const [change] = await apply(storage, made.id, renaming('numbers', 'more than digits'))
      ensureEqual(change?.body, { type: 'rename', before: 'digits', name: 'numbers', by, note: 'more than digits' }, 'change of the renaming')
      ensureEqual(await other.findStudy('digits'), undefined, 'findStudy() of the old name')
      const found = await other.findStudy('numbers')
      ensureEqual(found, { ...made, definition: definitionOf('numbers'), original: definitionOf('digits'), revision: 1 }, 'findStudy() of the new name')
      ensureEqual((await other.listStudies()).map(({ definition }) => definition.name), ['numbers', 'letters'], 'names of the listed studies, in the order of their creation')
      await apply(other, made.id, waitingTrial())
      const again = await newStudy(storage, 'digits')
      ensure(again.id !== made.id, 'A new study under the old name must be another one.')
      ensureEqual((await bodiesOf(storage, again.id)).length, 0, 'length of the history of a new study under the old name')
      ensureEqual(await storage.deleteStudy('numbers', 'delete'), true, 'deleteStudy() of the new name')
      if (other !== storage) await other.close()
    }),
    test('refuses a name that is taken, and takes its own for no change', async ({ storage }) => {
      const { id } = await newStudy(storage, 'digits')
      await newStudy(storage, 'letters')
      await refused(storage, id, [renaming('letters')], 'name-taken', 'A renaming to the name of another study')
      ensureEqual(await apply(storage, id, renaming('digits')), [], 'changes of a renaming to the own name')
      ensureEqual((await apply(storage, id, renaming('a'), renaming('digits'))).length, 2, 'changes of a renaming there and back in one request')
      await apply(storage, id, renaming('b'))
      await refused(storage, id, [renaming('c'), renaming('letters')], 'name-taken', 'A request of which the second renaming is refused')
      ensureEqual((await storage.listStudies()).map(({ definition }) => definition.name), ['b', 'letters'], 'names after a request that was refused')
      await newStudy(storage, 'c')
    }),
    test('gives a study a larger space, from the one that it has', async ({ storage, another }) => {
      const made = await newStudy(storage)
      const operation = revision('f00d', 'beef')
      const [change] = await apply(storage, made.id, operation)
      ensureEqual(change?.body, operation, 'change of the revision')
      const definition = { ...definitionOf('study'), space: larger, fingerprint: 'beef' }
      ensureEqual(await storage.findStudy('study'), { ...made, definition, original: definitionOf('study'), revision: 1 }, 'summary after the revision')
      await refused(storage, made.id, [revision('f00d', 'cafe')], 'state', 'A revision of a space that the study has no longer')
      await refused(storage, made.id, [revision('beef', 'cafe'), revision('beef', 'dead')], 'state', 'A request of which the second revision is refused')
      ensureEqual((await storage.findStudy('study'))?.definition, definition, 'definition after refused revisions')
      await apply(storage, made.id, revision('beef', 'cafe'), renaming('later'))
      const other = (await another?.()) ?? storage
      ensureEqual((await other.findStudy('later'))?.definition, { ...definition, name: 'later', fingerprint: 'cafe' }, 'definition after another revision and a renaming')
      ensureEqual((await other.findStudy('later'))?.original, definitionOf('study'), 'what the study was created as')
      if (other !== storage) await other.close()
    }),
    test('copies a study with what it was created as', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, revision('f00d', 'beef'), renaming('renamed'))
      const copy = await storage.copyStudy('renamed', 'copy', 'copy')
      ensure(copy !== undefined, 'copyStudy() must copy a study that was renamed.')
      ensureEqual([copy.definition, copy.original], [{ ...definitionOf('copy'), space: larger, fingerprint: 'beef' }, definitionOf('copy')], 'definition of the copy, and what it begins with')
      ensureEqual(await storage.findStudy('copy'), copy, 'findStudy() of the copy')
      await refused(storage, copy.id, [revision('f00d', 'cafe')], 'state', 'A revision of a copy from a space that it has no longer')
    }),
    test('keeps where trials and copies came from', async ({ storage }) => {
      const { id } = await newStudy(storage)
      const operations = [{ type: 'merge', from: { id: 'other', name: 'Other' }, trials: 1, by, note: 'same data' }, { type: 'copied', from: { id: 'first', name: 'First' }, name: 'study', by }] as const
      ensureEqual((await apply(storage, id, ...operations)).map(({ body }) => body), operations, 'changes of a merge and a copy')
      ensureEqual((await historyOf(storage, id)).map(({ body }) => body), operations, 'history of a merge and a copy')
    }),
  ]
}
