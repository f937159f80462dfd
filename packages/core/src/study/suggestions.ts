import type { Explanation } from '../contracts/explanation.ts'
import type { Exhausted, Problem, Sampler, SamplerFactory, Suggestion, Wait } from '../contracts/sampler.ts'
import type { SuggestionTrace, TrialRecord } from '../contracts/trial-record.ts'
import type { FlatParams, Json } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import type { StudyHistory } from '../history/study-history.ts'
import { copyJson } from '../json.ts'
import { aborted, unlessAborted } from './unless-aborted.ts'

const noteLimit = 4096
const nobody: readonly TrialRecord[] = Object.freeze([])

/** Parameters for the trial of a number, and what they were made of. */
export interface Suggested {
  readonly number: number
  readonly params: FlatParams
  readonly trace: SuggestionTrace
}

/** The state of the history that a suggestion is for. */
interface Seen {
  readonly number: number
  readonly revision: number
  readonly running: readonly number[]
}

/** Nothing is left to try; `nothingLeft` says why. */
export interface NothingLeft {
  readonly nothingLeft: string
}

/** The sampler wants to be asked again when something has happened to a trial. */
export interface Waits {
  /** The history that it said so of. */
  readonly waitsAt: number
}

/** What a sampler's answer comes to. */
export type Answered = Suggested | NothingLeft | Waits

/** Keeps the promises that a sampler is given: told of every end once, in order, never while it suggests; checked in what it answers. */
export class Suggestions {
  readonly #factory: SamplerFactory
  readonly #problem: Problem
  readonly #history: StudyHistory
  readonly #id: string
  #sampler: Sampler
  #outdated = false
  /** What ended while the sampler was at work. */
  #untold: TrialRecord[] = []
  /** The suggestion under way. */
  #working: PromiseLike<unknown> | undefined
  /** What the sampler threw when it was told of a trial. */
  #failure: { readonly error: unknown } | undefined
  /** A frozen explanation that was checked, and what was kept of it. */
  #same: { readonly given: Explanation; readonly kept: Explanation } | undefined

  constructor(factory: SamplerFactory, problem: Problem, history: StudyHistory) {
    this.#factory = factory
    this.#problem = problem
    this.#history = history
    this.#id = `${factory.id}@${factory.revision}`
    this.#sampler = factory.create(problem)
    this.#tellAll()
  }

  /** True if the sampler wants to be told of trials. */
  get observes(): boolean {
    return this.#sampler.observe !== undefined
  }

  /** A trial has ended. Never throws: a sampler that does is found out at the next suggestion, and no result is lost. */
  observe(trial: TrialRecord): void {
    if (this.#working !== undefined) this.#untold.push(trial)
    else this.#tell(trial)
  }

  /** What was observed is no longer true: a new sampler will be told everything again. */
  forget(): void {
    this.#outdated = true
  }

  /** The next suggestion; undefined if `signal` aborts first. Throws INVALID_SUGGESTION, and what the sampler throws. */
  next(signal: AbortSignal): Answered | undefined | Promise<Answered | undefined> {
    if (this.#working !== undefined) return this.#afterWork(this.#working, signal)
    if (this.#outdated) this.#relearn()
    if (this.#failure !== undefined) throw this.#failure.error as Error // Whatever was thrown goes on as it was.
    const history = this.#history
    const running = history.running()
    const seen: Seen = { number: history.length, revision: history.revision, running }
    const answer = this.#sampler.suggest({ number: seen.number, random: this.#problem.random.stream(seen.number, 'sampler'), running: running.length === 0 ? nobody : running.map((other) => history.trial(other)), signal })
    if (typeof answer !== 'object' || answer === null) throw new AttuneError('INVALID_SUGGESTION', `"${this.#factory.id}" answered ${String(answer)} instead of a suggestion: { params } or { exhausted }. This is an error of that plugin.`)
    return 'then' in answer ? this.#atWork(answer, seen, signal) : this.#checked(answer, seen)
  }

  #checked(suggestion: Suggestion | Exhausted | Wait, { number, revision, running }: Seen): Answered {
    if ('exhausted' in suggestion) return { nothingLeft: suggestion.exhausted }
    if ('wait' in suggestion) {
      if (running.length > 0) return { waitsAt: revision }
      throw new AttuneError('INVALID_SUGGESTION', `"${this.#factory.id}" waits, but no trial runs whose end could change its mind. This is an error of that plugin.`)
    }
    const { explanation, note } = suggestion
    // The space may have been extended while the sampler was at work.
    const params = this.#history.completed(suggestion.params)
    this.check(params, this.#factory.id)
    const sampler = this.#id
    if (note !== undefined) return { number, params, trace: { sampler, revision, running, ...this.#checkedNotes(explanation, note) } }
    return { number, params, trace: explanation === undefined ? { sampler, revision, running } : { sampler, revision, running, explanation: this.#checkedExplanation(explanation) } }
  }

  /** Samplers that say the same of all trials have it checked and kept once. */
  #checkedExplanation(given: Explanation): Explanation {
    if (this.#same?.given === given) return this.#same.kept
    const { explanation: kept } = this.#checkedNotes(given, undefined) as { readonly explanation: Explanation }
    if (given.predicted === undefined && Object.isFrozen(given)) this.#same = { given, kept }
    return kept
  }

  /** Throws INVALID_SUGGESTION unless the space allows these parameters. */
  check(params: FlatParams, by: string): void {
    const { space } = this.#problem
    const problems = space.problems(params)
    if (problems.length === 0 && (space.constraints.length === 0 || space.violation(params) <= 0)) return
    const what = problems.length > 0 ? problems.join('; ') : 'they violate a constraint of the space'
    throw new AttuneError('INVALID_SUGGESTION', `"${by}" suggested parameters that the space does not allow: ${what}. This is an error of that plugin.`, { details: { by, params, problems } })
  }

  async #afterWork(working: PromiseLike<unknown>, signal: AbortSignal): Promise<Answered | undefined> {
    return (await unlessAborted(working, signal)) === aborted ? undefined : this.next(signal)
  }

  async #atWork(answer: PromiseLike<Suggestion | Exhausted | Wait>, seen: Seen, signal: AbortSignal): Promise<Answered | undefined> {
    const work = this.#untilDone(answer)
    this.#working = work.catch(() => undefined) // Whoever asked for it is told.
    const suggestion = await unlessAborted(work, signal)
    return suggestion === aborted ? undefined : this.#checked(suggestion, seen)
  }

  async #untilDone<T>(answer: PromiseLike<T>): Promise<T> {
    try {
      return await answer
    } finally {
      this.#working = undefined
      for (const trial of this.#untold.splice(0)) this.#tell(trial)
    }
  }

  #tell(trial: TrialRecord): void {
    if (this.#outdated || this.#failure !== undefined || trial.voided !== undefined) return
    try {
      this.#sampler.observe?.(trial)
    } catch (error) {
      this.#failure = { error }
    }
  }

  #relearn(): void {
    this.#outdated = false
    this.#failure = undefined
    this.#sampler = this.#factory.create(this.#problem)
    this.#tellAll()
  }

  #tellAll(): void {
    if (this.observes) for (const number of this.#history.ended()) this.#tell(this.#history.trial(number))
  }

  #checkedNotes(explanation: Explanation | undefined, note: Json | undefined): Pick<SuggestionTrace, 'explanation' | 'note'> {
    const given = { ...(explanation === undefined ? {} : { explanation }), ...(note === undefined ? {} : { note }) }
    if (explanation !== undefined && !isExplanation(explanation)) {
      throw new AttuneError('INVALID_SUGGESTION', `"${this.#factory.id}" attached an explanation that is none: give the texts \`model\` and \`why\`, and \`predicted\` as a list of { metric, mean, deviation } or not at all. This is an error of that plugin.`)
    }
    const copy = copyJson(given, `What "${this.#factory.id}" attached to its suggestion`)
    const size = JSON.stringify(copy).length
    if (size > noteLimit) throw new AttuneError('INVALID_SUGGESTION', `"${this.#factory.id}" attached an explanation and a note of ${size} characters to its suggestion: at most ${noteLimit} are kept.`)
    return copy as typeof given
  }
}

/** Whether what a plugin calls an explanation is one. */
function isExplanation(given: Partial<Explanation> | null): boolean {
  const { model, why, predicted = [] } = given ?? {}
  return typeof model === 'string' && typeof why === 'string' && Array.isArray(predicted) && predicted.every(isPrediction)
}

function isPrediction(given: { readonly [member: string]: unknown } | null): boolean {
  return typeof given?.['metric'] === 'string' && typeof given['mean'] === 'number' && typeof given['deviation'] === 'number'
}
