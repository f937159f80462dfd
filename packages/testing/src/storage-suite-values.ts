import type { Json } from '@attune/core'
import { ensureEqual, snapshotOf } from './check.ts'
import { apply, bodiesOf, completion, definitionOf, historyOf, newStudy, runningTrial, type StorageSubject, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

/** Numbers that some way of writing them down loses. */
const numbers: readonly number[] = [
  0, -0, 1, -1, 0.1, 1 / 3, -1e-7, Number.MIN_VALUE, -Number.MIN_VALUE, 2.2250738585072014e-308, 2.225073858507201e-308, Number.MAX_VALUE, -Number.MAX_VALUE,
  Number.EPSILON, 1 + Number.EPSILON, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 64, 123456789012345680000, 5e-324, 1e21, 1e-6, 1e-7,
  2 ** 53 + 2, 0.1 + 0.2, 4.35, 1.7976931348623157e308, NaN, Infinity, -Infinity,
]

const texts: readonly string[] = ['', ' ', 'NaN', 'null', '{"$number":"NaN"}', '$number', '__proto__', '"', '\\', '\n\r\t\u0000\u001f\u2028\u2029', 'é', 'e\u0301', '日本', '😀', '\ud800', '\udc00x', 'x'.repeat(100_000)]

const values: readonly Json[] = [
  null, true, false, [], {}, [[], [[]]], { a: { b: { c: [1, -0, NaN] } } },
  { $number: 'NaN' }, { $number: NaN }, { $$number: 1 }, { $: 1, $$: 2, '': 3 }, { number: '$number' }, { toString: 1, constructor: 2, hasOwnProperty: 3 },
  { 2: 'b', 1: 'a', z: 0, a: 0 }, [null, 1, 'x', -Infinity],
]

function recordOf<T>(items: readonly T[]): { readonly [key: string]: T } {
  return Object.fromEntries(items.map((item, i) => [`k${i}`, item]))
}

/** Tries to change everything in a value. What is frozen refuses, which is as good. */
function vandalise(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const item of Object.values(value)) vandalise(item)
  for (const key of Object.keys(value)) Reflect.set(value, key, 'vandalised')
  Reflect.set(value, 'planted', 'vandalised')
}

/** What is stored comes back, and nobody can change it afterwards. */
export function valueCases(test: Test): readonly SuiteCase[] {
  return [
    test('P11: keeps every number exactly', async ({ storage, another }) => {
      const seen = recordOf(numbers)
      const { id } = await newStudy(storage)
      const written = await apply(
        storage, id,
        { type: 'create', origin: 'sampler', params: seen, suggestion: { sampler: 's@1', revision: 0, running: [], note: [...numbers] }, attributes: { all: [...numbers] }, lease: { owner: 'o', token: 'a', milliseconds: 1000 } },
        { type: 'report', number: 0, token: 'a', step: 0.5, metrics: seen },
        { type: 'finish', number: 0, token: 'a', outcome: { state: 'complete', metrics: seen }, params: seen },
        { type: 'amend', number: 0, amendment: { metrics: seen, note: 'again' }, by: 'me' },
        { type: 'attribute', key: 'deep', value: { a: [{ b: [...numbers] }] } },
      )
      const expected = [
        { type: 'create', number: 0, origin: 'sampler', params: seen, suggestion: { sampler: 's@1', revision: 0, running: [], note: [...numbers] }, attributes: { all: [...numbers] }, owner: 'o' },
        { type: 'report', number: 0, step: 0.5, metrics: seen },
        { type: 'finish', number: 0, outcome: { state: 'complete', metrics: seen }, params: seen },
        { type: 'amend', number: 0, amendment: { metrics: seen, note: 'again' }, by: 'me' },
        { type: 'attribute', key: 'deep', value: { a: [{ b: [...numbers] }] } },
      ]
      ensureEqual(written.map(({ body }) => body), expected, 'changes that write() answered')
      ensureEqual(await bodiesOf(storage, id), expected, 'changes that were read')
      const other = await another?.()
      if (other === undefined) return
      ensureEqual(await bodiesOf(other, id), expected, 'changes that another storage on the same place read')
      await other.close()
    }),
    test('keeps every text and structure exactly', async ({ storage, another }) => {
      const { id } = await newStudy(storage)
      const kept: Json = { texts: [...texts], byText: Object.fromEntries(texts.filter((text) => text !== '__proto__').map((text, i) => [text, i])), values: [...values] }
      await apply(storage, id, { type: 'attribute', key: 'kept', value: kept }, { type: 'create', origin: 'sampler', params: recordOf(texts) }, ...texts.map((text) => ({ type: 'attribute', key: text, value: text }) as const))
      const expected = [{ type: 'attribute', key: 'kept', value: kept }, { type: 'create', number: 0, origin: 'sampler', params: recordOf(texts) }, ...texts.map((text) => ({ type: 'attribute', key: text, value: text }))]
      ensureEqual(await bodiesOf(storage, id), expected, 'changes that were read')
      const other = await another?.()
      if (other === undefined) return
      ensureEqual(await bodiesOf(other, id), expected, 'changes that another storage on the same place read')
      await other.close()
    }),
    test('keeps a definition exactly', async ({ storage }) => {
      const definition = { ...definitionOf('exact'), seed: -0, metrics: ['loss', '$x'], space: { low: -Infinity, high: NaN, $number: 'NaN' }, fingerprint: null }
      const made = await storage.createStudy(definition, 'r')
      ensureEqual(made?.definition, definition, 'definition that createStudy() answered')
      ensureEqual((await storage.findStudy('exact'))?.definition, definition, 'definition that was found')
    }),
    test('P12: answers snapshots that nobody can change', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, { type: 'create', origin: 'sampler', params: { x: 1 }, attributes: { list: [1, { a: 2 }] }, lease: { owner: 'o', token: 'a', milliseconds: 1000 } }, completion(0, 'a'))
      const history = snapshotOf(await historyOf(storage, id))
      const summary = snapshotOf(await storage.findStudy('study'))
      vandalise(await storage.changesSince(id, 0))
      vandalise(await storage.findStudy('study'))
      vandalise(await storage.listStudies())
      vandalise(await storage.createStudy(definitionOf('study 2'), 'r'))
      ensureEqual(await historyOf(storage, id), history, 'history after a reader changed what it got')
      ensureEqual(await storage.findStudy('study'), summary, 'summary after a reader changed what it got')
      ensureEqual((await storage.findStudy('study 2'))?.definition, definitionOf('study 2'), 'definition after its maker changed the answer')
    }),
    test('P12: keeps what was written when the writer changes its objects later', async ({ storage }) => {
      const definition = structuredClone(definitionOf('mine'))
      const made = await storage.createStudy(definition, 'r')
      const id = made?.id as string
      const request = structuredClone({ id: 'r1', operations: [{ ...waitingTrial(), attributes: { list: [1, 2] } }, runningTrial('a')] })
      const result = await storage.write(id, request)
      const expected = snapshotOf(await historyOf(storage, id))
      vandalise(definition)
      vandalise(request)
      vandalise(result)
      ensureEqual(await historyOf(storage, id), expected, 'history after the writer changed its request and the answer')
      ensureEqual((await storage.findStudy('mine'))?.definition, definitionOf('mine'), 'definition after its maker changed it')
    }),
    test('P12: answers a history that later writes leave alone', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, waitingTrial(), waitingTrial())
      const page = await storage.changesSince(id, 0)
      const read: number[] = []
      for (const { revision } of page) {
        read.push(revision)
        // A page that grows as it is read would never end.
        if (read.length > 10) break
        await apply(storage, id, waitingTrial())
      }
      ensureEqual(read, [1, 2], 'revisions of a page that was read while others wrote')
      ensureEqual(page.length, 2, 'length of that page')
    }),
    test('answers the changes after a revision, in order and in pages', async ({ storage }) => {
      const { id } = await newStudy(storage)
      await apply(storage, id, ...Array.from({ length: 1203 }, (_, i) => waitingTrial({ x: i })))
      const all = await historyOf(storage, id, 500)
      ensureEqual(all.length, 1203, 'length of the history that was read in pages of 500')
      ensureEqual(await historyOf(storage, id, 7), all, 'history that was read in pages of 7')
      ensureEqual((await storage.changesSince(id, 0)).length, 1000, 'length of a page without a limit')
      for (const [revision, limit, from, to] of [[0, 1, 0, 1], [5, 3, 5, 8], [1200, 100, 1200, 1203], [1203, 10, 1203, 1203], [9999, 10, 1203, 1203]] as const) {
        ensureEqual(await storage.changesSince(id, revision, limit), all.slice(from, to), `changesSince(${revision}, ${limit})`)
      }
    }),
  ]
}
