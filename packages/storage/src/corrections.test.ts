// Any sequence of operations and corrections: every storage tells the same, and a history that was followed live is the one that is read back.
import { type Change, choice, float, int, MemoryStorage, oneOf, type Operation, type Space, space, type Storage, StudyHistory, type StudyDefinition } from '@attune/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SqliteStorage } from './sqlite-storage.ts'

/** Spaces that each extend the one before, and what trials of that one have for what is new. */
const spaces: readonly { readonly space: Space<unknown>; readonly values: { readonly [path: string]: string | number } }[] = [
  { space: space({ x: float(0, 1) }) as Space<unknown>, values: {} },
  { space: space({ x: float(-1, 2), n: int(1, 4) }) as Space<unknown>, values: { n: 1 } },
  { space: space({ x: float(-1, 2), n: int(1, 8), o: oneOf({ a: { y: float(0, 1) }, b: {} }) }) as Space<unknown>, values: { 'o.type': 'a', 'o.a.y': 0.5 } },
  { space: space({ x: float(-1, 2, { prior: { kind: 'normal', mean: 0, deviation: 1 } }), n: int(0, 8), o: oneOf({ a: { y: float(0, 1) }, b: {}, c: {} }), k: choice(['p', 'q']) }) as Space<unknown>, values: { k: 'q' } },
]
const definition: StudyDefinition = { name: 'study', space: spaces[0]!.space.toJSON(), fingerprint: spaces[0]!.space.fingerprint, objectives: [{ metric: 'loss', direction: 'minimize', from: 'last' }], constraints: [{ metric: 'cost', bound: 'atMost', limit: 1 }], metrics: null, seed: 1 }

interface Step {
  readonly kind: 'create' | 'add' | 'claim' | 'report' | 'pause' | 'complete' | 'prune' | 'fail' | 'requeue' | 'sweep' | 'void' | 'restore' | 'edit' | 'measure' | 'rename' | 'revise' | 'merge' | 'copied' | 'attribute'
  readonly trial: number
  readonly value: number
}

const kinds: readonly (readonly [weight: number, kind: Step['kind']])[] = [
  [6, 'create'], [4, 'add'], [3, 'claim'], [8, 'report'], [2, 'pause'], [6, 'complete'], [2, 'prune'], [2, 'fail'], [2, 'requeue'], [1, 'sweep'],
  [5, 'void'], [4, 'restore'], [4, 'edit'], [3, 'measure'], [1, 'rename'], [2, 'revise'], [1, 'merge'], [1, 'copied'], [1, 'attribute'],
]
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...kinds.map(([weight, kind]) => ({ weight, arbitrary: fc.constant(kind) }))),
  trial: fc.nat({ max: 7 }),
  value: fc.nat({ max: 9 }),
})

/** What one study has been through: what a step stands for depends on it. */
class Script {
  level = 0
  #tokens = 0
  #steps = 0
  readonly held = new Map<number, string>()

  operation({ kind, trial: number, value }: Step, trials: number): Operation {
    const by = `person ${value % 3}`
    const token = this.held.get(number) ?? 'nobody'
    const metrics = { loss: value, ...(value % 2 === 0 ? { cost: value / 4 } : {}) }
    switch (kind) {
      case 'create': {
        const lease = { owner: 'host/1', token: this.#token(trials), milliseconds: 3_600_000 }
        return { type: 'create', origin: 'sampler', params: this.#params(value), ...(value === 0 ? {} : { lease }) }
      }
      case 'add':
        return { type: 'create', origin: 'added', params: this.#params(value), outcome: { state: 'complete', metrics }, ...(value === 1 ? { attributes: { mergedFrom: { study: 'other', number: 3 } } } : {}) }
      case 'claim':
        return { type: 'claim', number, lease: { owner: 'host/2', token: this.#token(number), milliseconds: 3_600_000 } }
      case 'report':
        return { type: 'report', number, token, step: ++this.#steps, metrics }
      case 'pause':
        return { type: 'pause', number, token }
      case 'complete':
        return { type: 'finish', number, token, outcome: { state: 'complete', metrics } }
      case 'prune':
        return { type: 'finish', number, token, outcome: { state: 'pruned', metrics } }
      case 'fail':
      case 'requeue':
        return { type: 'finish', number, token, outcome: { state: 'failed', failure: { reason: 'error', message: 'x' } }, ...(kind === 'requeue' ? { requeue: true } : {}) }
      case 'sweep':
        return { type: 'sweep', gone: value < 5 ? ['host/2'] : [] }
      case 'void':
        return { type: 'amend', number, amendment: { void: `reason ${value}` }, by }
      case 'restore':
        return { type: 'amend', number, amendment: { restore: 'good' }, by }
      case 'edit':
        return { type: 'amend', number, amendment: { metrics: value === 9 ? { loss: NaN } : metrics, note: 'units' }, by }
      case 'measure':
        return { type: 'amend', number, amendment: { add: { test: value, loss: 100 } }, by }
      case 'rename':
        return { type: 'rename', name: ['study', 'taken', 'digits', 'letters'][value % 4]!, by, note: 'why' }
      case 'revise': {
        // Sometimes from a space that the study has no longer.
        const from = value < 2 ? 0 : this.level
        const next = spaces[Math.min(from + 1, spaces.length - 1)]!
        return { type: 'revise', from: spaces[from]!.space.fingerprint, space: next.space.toJSON(), fingerprint: next.space.fingerprint, values: next.values, by }
      }
      case 'merge':
        return { type: 'merge', from: { id: 'other', name: 'other' }, trials: value, by }
      case 'copied':
        return { type: 'copied', from: { id: 'original', name: 'original' }, name: 'study', by }
      case 'attribute':
        return { type: 'attribute', number, key: `k${value}`, value }
    }
  }

  /** Of the space that the study has, or of an earlier one: a process that does not know yet. */
  #params(value: number): { readonly [path: string]: string | number } {
    const level = value < 4 ? 0 : this.level
    const base = { x: value / 10 }
    if (level === 0) return base
    if (level === 1) return { ...base, n: 1 + (value % 4) }
    const branch = value % 2 === 0 ? { 'o.type': 'b' } : { 'o.type': 'a', 'o.a.y': 0.25 }
    return { ...base, n: 2, ...branch, ...(level === 3 ? { k: 'p' } : {}) }
  }

  #token(number: number): string {
    const token = `token ${++this.#tokens}`
    this.held.set(number, token)
    return token
  }
}

/** All that a history tells. */
function told(history: StudyHistory): unknown {
  const { length, space: { dimensions } } = history
  const numbers = Array.from({ length }, (_, number) => number)
  const steps = new Set(numbers.flatMap((number) => history.reports(number).map((report) => report.step)))
  return {
    revision: history.revision, definition: history.definition, counts: { ...history.counts }, complete: history.completeCount, best: history.best, since: history.endedSinceBest,
    ended: [...history.ended()], running: history.running(), paused: history.paused(), waiting: history.waitingCount, values: history.values, fingerprint: history.space.fingerprint,
    trials: numbers.map((number) => JSON.parse(JSON.stringify(history.trial(number))) as unknown),
    nested: numbers.map((number) => (Object.keys(history.params(number)).length === 0 ? undefined : history.trial(number).params)),
    units: dimensions.map(({ index }) => Array.from(history.units(index).subarray(0, length))),
    losses: Array.from(history.losses().subarray(0, length)), violations: Array.from(history.violations().subarray(0, length)),
    curves: numbers.map((number) => [Array.from(history.curve(number).steps.subarray(0, history.curve(number).length)), Array.from(history.curve(number).losses.subarray(0, history.curve(number).length))]),
    columns: [...steps].map((at) => [at, Array.from(history.atStep(at).numbers.subarray(0, history.atStep(at).length)), Array.from(history.atStep(at).losses.subarray(0, history.atStep(at).length))]),
    identities: numbers.map((number) => history.identity(number)),
  }
}

function replayed(changes: readonly Change[], given: Space<unknown>): StudyHistory {
  const history = new StudyHistory(definition, spaces[0]!.space, given)
  for (const change of changes) history.apply(change)
  return history
}

async function newStudy(storage: Storage): Promise<string> {
  await storage.createStudy({ ...definition, name: 'taken' }, 'taken')
  return (await storage.createStudy(definition, 'study'))!.id
}

describe('any sequence of operations and corrections', () => {
  it('comes to the same in memory and in SQLite, followed live and read back', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 2 }), { maxLength: 60, size: 'max' }), async (requests) => {
      let time = 1000
      const memory = new MemoryStorage({ now: () => time })
      const file = new SqliteStorage({ path: ':memory:', clock: { now: () => time } })
      try {
        const ids = [await newStudy(memory), await newStudy(file)] as const
        const live = new StudyHistory(definition, spaces[0]!.space)
        const script = new Script()
        for (const [i, steps] of requests.entries()) {
          time++
          const kept = new Map(script.held)
          let trials = live.length
          const operations = steps.map((one) => script.operation(one, one.kind === 'create' || one.kind === 'add' ? trials++ : trials))
          const request = { id: `request ${i}`, operations }
          const answers = [memory.write(ids[0], request), await file.write(ids[1], request)]
          expect(answers[1]).toEqual(answers[0])
          const [answer] = answers
          if (!answer!.ok) {
            script.held.clear()
            for (const [number, token] of kept) script.held.set(number, token)
            continue
          }
          for (const change of answer!.changes) {
            live.apply(change)
            // What somebody was given does not change under them.
            if (live.length > 0 && change.revision % 3 === 0) live.trial(change.revision % live.length)
            if (change.revision % 5 === 0) live.units(0)
          }
          script.level = spaces.findIndex(({ space: { fingerprint } }) => fingerprint === live.definition.fingerprint)
        }
        const histories = [memory.changesSince(ids[0], 0), await file.changesSince(ids[1], 0)]
        expect(histories[1]).toEqual(histories[0])
        const expected = told(live)
        expect(told(replayed(histories[0]!, spaces[script.level]!.space))).toEqual(expected)
        expect(told(replayed(histories[1]!, spaces[0]!.space))).toEqual(expected)
        // The same numbers are in the summaries, and another process begins where the study began.
        const { name } = live.definition
        const summaries = [memory.listStudies()[1]!, (await file.listStudies())[1]!]
        expect({ ...summaries[1], id: '' }).toEqual({ ...summaries[0], id: '' })
        if (!histories[0]!.some(({ body }) => body.type === 'copied')) expect(summaries[0]!.definition).toEqual(live.definition)
        expect(summaries[0]!.original ?? summaries[0]!.definition).toEqual(definition)
        expect(name === 'taken').toBe(false)
        // Taking a void back leaves nothing behind.
        const end = live.ended().find((number) => live.trial(number).voided === undefined)
        if (end !== undefined) {
          const amend = (amendment: { readonly void: string } | { readonly restore: string }): void => void live.apply({ revision: live.revision + 1, time, body: { type: 'amend', number: end, amendment, by: 'me' } })
          amend({ void: 'wrong' })
          amend({ restore: 'right' })
          expect({ ...(told(live) as object), revision: 0 }).toEqual({ ...(expected as object), revision: 0 })
        }
      } finally {
        await file.close()
      }
    }), { numRuns: 150 })
  })
})
