import type { ChangeBody, Operation, Outcome, Refusal, Storage, TrialState } from '@attune/core'
import fc from 'fast-check'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { checkReplayable } from './replayable.ts'
import { historyOf, hour, newStudy, type StorageSubject } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

/*
 * The life of trials once more, written down as plainly as possible and without core's own `transition`. Random
 * requests go to the storage and to this model; both must say the same at every step.
 */

interface ModelTrial {
  state: TrialState
  attempt: number
  token: string
  owner: string
  /** Its lease ends at once, so that a sweep finds it. */
  expired: boolean
  /** What it ended with: once set it must never change. */
  end: Outcome | undefined
}

const amendments = { void: { void: 'bad' }, restore: { restore: 'good after all' }, correct: { metrics: { loss: 0 }, note: 'units' }, measure: { add: { later: 1 } } } as const

/** One operation, drawn without knowing the numbers and tokens that there will be. */
type Step =
  | { readonly kind: 'create'; readonly how: 'waiting' | 'running' | 'ended'; readonly expired: boolean; readonly owner: string }
  | { readonly kind: 'claim'; readonly trial: number | undefined; readonly expired: boolean; readonly owner: string }
  | { readonly kind: 'finish'; readonly trial: number; readonly stale: boolean; readonly end: 'complete' | 'pruned' | 'failed'; readonly requeue: boolean; readonly loss: number }
  | { readonly kind: 'held'; readonly what: 'report' | 'pause' | 'renew'; readonly trial: number; readonly stale: boolean }
  | { readonly kind: 'sweep'; readonly gone: readonly string[] }
  | { readonly kind: 'note'; readonly what: keyof typeof amendments | 'attribute'; readonly trial: number }

interface Decision {
  readonly operation: Operation
  readonly refusal?: Refusal['reason']
}

interface Request {
  readonly steps: readonly Step[]
  /** Sends the request once more afterwards. */
  readonly repeat: boolean
}

const trial = fc.nat({ max: 4 })
/** Mostly the right token: a request with a wrong one goes no further. */
const stale = fc.nat({ max: 2 }).map((drawn) => drawn === 2)
const owner = fc.constantFrom('host/1', 'host/2')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), how: fc.constantFrom('waiting' as const, 'running' as const, 'ended' as const), expired: fc.boolean(), owner }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim' as const), trial: fc.option(trial, { nil: undefined }), expired: fc.boolean(), owner }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('finish' as const), trial, stale, end: fc.constantFrom('complete' as const, 'pruned' as const, 'failed' as const, 'failed' as const), requeue: fc.boolean(), loss: fc.double() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('held' as const), what: fc.constantFrom('report' as const, 'pause' as const, 'renew' as const), trial, stale }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('sweep' as const), gone: fc.subarray(['host/1', 'host/2', 'host/3']) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('note' as const), what: fc.constantFrom('void' as const, 'restore' as const, 'correct' as const, 'measure' as const, 'attribute' as const), trial }) },
)
const requests: fc.Arbitrary<Request[]> = fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 3 }), repeat: fc.boolean() }), { minLength: 1, maxLength: 25, size: 'max' })

class Model {
  trials: ModelTrial[] = []
  history: ChangeBody[] = []
  #tokens = 0

  /** The operation that a step stands for here, and what must come of it. */
  apply(drawn: Step): Decision {
    switch (drawn.kind) {
      case 'create':
        return this.#create(drawn)
      case 'claim':
        return this.#claim(drawn)
      case 'sweep':
        return this.#sweep(drawn.gone)
      case 'note':
        return this.#note(drawn)
      case 'held':
        return this.#heldStep(drawn)
      case 'finish':
        return this.#finish(drawn)
    }
  }

  #create(drawn: Step & { kind: 'create' }): Decision {
    const number = this.trials.length
    const token = `token ${++this.#tokens}`
    const outcome: Outcome = { state: 'complete', metrics: { loss: number } }
    const base = { type: 'create', origin: 'sampler', params: { x: number } } as const
    const ended = drawn.how === 'ended'
    const running = drawn.how === 'running'
    this.trials.push({ state: ended ? 'complete' : drawn.how === 'running' ? 'running' : 'waiting', attempt: running ? 1 : 0, token, owner: drawn.owner, expired: drawn.expired, end: ended ? outcome : undefined })
    this.history.push({ ...base, number, ...(ended ? { outcome } : {}), ...(running ? { owner: drawn.owner } : {}) })
    return { operation: { ...base, ...(ended ? { outcome } : {}), ...(running ? { lease: { owner: drawn.owner, token, milliseconds: drawn.expired ? 0 : hour } } : {}) } }
  }

  #claim(drawn: Step & { kind: 'claim' }): Decision {
    const token = `token ${++this.#tokens}`
    const lease = { owner: drawn.owner, token, milliseconds: drawn.expired ? 0 : hour }
    const operation: Operation = { type: 'claim', ...(drawn.trial === undefined ? {} : { number: drawn.trial }), lease }
    const number = drawn.trial ?? this.trials.findIndex(({ state }) => state === 'waiting')
    const found = this.trials[number]
    if (found === undefined) return { operation, refusal: drawn.trial === undefined ? 'none-waiting' : 'missing' }
    if (found.state !== 'waiting' && found.state !== 'paused') return { operation, refusal: 'state' }
    Object.assign(found, { state: 'running', attempt: found.attempt + 1, token, owner: drawn.owner, expired: drawn.expired })
    this.history.push({ type: 'claim', number, owner: drawn.owner, attempt: found.attempt })
    return { operation }
  }

  #sweep(gone: readonly string[]): Decision {
    for (const [number, found] of this.trials.entries()) {
      if (found.state !== 'running' || (!found.expired && !gone.includes(found.owner))) continue
      found.state = 'waiting'
      this.history.push({ type: 'requeue', number, failure: { reason: 'lost', message: '' } })
    }
    return { operation: { type: 'sweep', gone } }
  }

  #note({ trial: number, what }: Step & { kind: 'note' }): Decision {
    const found = this.trials[number]
    const state = found?.state
    const operation: Operation & ChangeBody =
      what === 'attribute' ? { type: 'attribute', number, key: 'k', value: number } : { type: 'amend', number, by: 'me', amendment: amendments[what] }
    if (found === undefined || state === undefined) return { operation, refusal: 'missing' }
    const allowed: readonly TrialState[] = what === 'void' ? ['waiting', 'paused', 'complete', 'pruned', 'failed'] : what === 'restore' ? ['complete', 'pruned', 'failed'] : ['complete', 'pruned']
    if (what !== 'attribute' && !allowed.includes(state)) return { operation, refusal: 'state' }
    if (what === 'void' && (state === 'waiting' || state === 'paused')) found.state = 'failed'
    this.history.push(operation)
    return { operation }
  }

  #heldStep({ trial: number, what, stale }: Step & { kind: 'held' }): Decision {
    const token = this.#token(number, stale)
    if (what === 'renew') return this.#held({ type: 'renew', number, token, milliseconds: hour }, undefined, stale, { expired: false })
    if (what === 'pause') return this.#held({ type: 'pause', number, token }, { type: 'pause', number }, stale, { state: 'paused' })
    const report = { type: 'report', number, step: 1, metrics: { loss: number } } as const
    return this.#held({ ...report, token }, report, stale, {})
  }

  #finish({ trial: number, stale, end, requeue, loss }: Step & { kind: 'finish' }): Decision {
    const outcome: Outcome = end === 'failed' ? { state: end, failure: { reason: 'error', message: 'x' } } : { state: end, metrics: { loss } }
    const body = { type: 'finish', number, outcome, ...(requeue ? { requeue } : {}) } as const
    return this.#held({ ...body, token: this.#token(number, stale) }, body, stale, requeue && end === 'failed' ? { state: 'waiting' } : { state: end, end: outcome })
  }

  #token(number: number, stale: boolean): string {
    return stale ? 'not the token' : (this.trials[number]?.token ?? 'none')
  }

  /** What only the holder of a running trial may do. */
  #held(operation: Operation & { readonly number: number }, body: ChangeBody | undefined, stale: boolean, then: Partial<ModelTrial>): Decision {
    const found = this.trials[operation.number]
    if (found === undefined) return { operation, refusal: 'missing' }
    if (found.state !== 'running') return { operation, refusal: 'state' }
    if (stale) return { operation, refusal: 'stale' }
    if (body !== undefined) this.history.push(body)
    Object.assign(found, then)
    return { operation }
  }
}

/** A sweep says in its own words why a trial was requeued, and in its own order. */
function comparable(bodies: readonly ChangeBody[]): readonly ChangeBody[] {
  const plain = bodies.map((body): ChangeBody => (body.type === 'requeue' ? { ...body, failure: { ...body.failure, message: '' } } : body))
  const sorted: ChangeBody[] = []
  for (let i = 0; i < plain.length; ) {
    let end = i + 1
    while (plain[i]?.type === 'requeue' && plain[end]?.type === 'requeue') end++
    sorted.push(...plain.slice(i, end).sort((a, b) => (a.type === 'requeue' && b.type === 'requeue' ? a.number - b.number : 0)))
    i = end
  }
  return sorted
}

async function follow(storage: Storage, name: string, drawn: readonly Request[]): Promise<void> {
  const { id } = await newStudy(storage, name)
  const model = new Model()
  for (const [i, { steps, repeat }] of drawn.entries()) {
    const tried = structuredClone({ trials: model.trials, history: model.history })
    const operations: Operation[] = []
    let refusal: Refusal['reason'] | undefined
    for (const one of steps) {
      const { operation, refusal: reason } = model.apply(one)
      operations.push(operation)
      refusal ??= reason
      if (reason !== undefined) break
    }
    if (refusal !== undefined) Object.assign(model, tried)
    const request = { id: `request ${i}`, operations }
    const result = await settles(storage.write(id, request), 'write()')
    ensureEqual(result.ok ? undefined : result.refusal.reason, refusal, `Refusal of request ${i} ${show(operations)}`)
    if (result.ok && repeat) ensureEqual(await storage.write(id, request), result, `Answer to request ${i} when it was repeated`)
    const expected = model.history.slice(tried.history.length)
    ensureEqual(result.ok ? comparable(result.changes.map(({ body }) => body)) : [], comparable(expected), `Changes of request ${i} ${show(operations)}`)
  }
  ensureEqual(comparable((await historyOf(storage, id)).map(({ body }) => body)), comparable(model.history), 'History at the end')
  const counts = (await storage.findStudy(name))?.counts
  for (const state of Object.keys(counts ?? {})) ensureEqual(counts?.[state as TrialState], model.trials.filter((one) => one.state === state).length, `Number of ${state} trials`)
  ensure(model.trials.every(({ state, end }) => end === undefined || end.state === state), 'The model itself changed a final state.')
}

export const modelCaseName = 'P3: agrees with a model of trials on random requests'

/** Random requests against the model. `runs` sequences of up to 25 requests. */
export function modelCases(test: (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase, runs = 200): readonly SuiteCase[] {
  return [
    test(modelCaseName, async ({ storage }) => {
      let study = 0
      await checkReplayable(fc.asyncProperty(requests, async (drawn) => follow(storage, `study ${++study}`, drawn)), runs, modelCaseName)
    }),
  ]
}
