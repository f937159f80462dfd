import type { Exhausted, Problem, SamplerFactory, Suggestion, TrialRecord } from '@attune/core'
import { ensure, equalData, settles, show } from './check.ts'

/** Bytes of a note. */
const noteLimit = 4096

/** What a watched sampler has seen and done. */
export interface SamplerWatch {
  readonly factory: SamplerFactory
  /** What observe() threw first, undefined if nothing. */
  failure: unknown
  problem: Problem | undefined
  /** What it was told, in order. */
  readonly observed: TrialRecord[]
}

/** The same sampler, with every suggestion checked on its way out. */
export function watchSampler(factory: SamplerFactory): SamplerWatch {
  const seen: SamplerWatch = {
    problem: undefined,
    failure: undefined,
    observed: [],
    factory: {
      ...factory,
      create(problem) {
        seen.problem = problem
        seen.observed.length = 0
        const sampler = factory.create(problem)
        return {
          observe(trial) {
            seen.observed.push(trial)
            try {
              sampler.observe?.(trial)
            } catch (error) {
              seen.failure ??= error
              throw error
            }
          },
          async suggest(context) {
            ensure(seen.failure === undefined, () => `observe() failed on a trial: ${show(seen.failure)}`)
            const before = columnsOf(problem)
            const answer = await settles(sampler.suggest(context), 'suggest()')
            ensure(equalData(columnsOf(problem), before), 'suggest() changed the history: its arrays are shared with everybody.')
            checkAnswer(answer, problem)
            return answer
          },
        }
      },
    },
  }
  return seen
}

/** Copies of the arrays that the history shares. */
export function columnsOf({ history, space }: Problem): readonly Float64Array[] {
  const copy = (column: Float64Array): Float64Array => column.slice(0, history.length)
  return [copy(history.losses()), copy(history.violations()), ...space.dimensions.map(({ index }) => copy(history.units(index)))]
}

export function checkAnswer(answer: Suggestion | Exhausted, { space }: Problem): void {
  ensure(typeof answer === 'object' && answer !== null, () => `suggest() must answer { params } or { exhausted }, not ${show(answer)}.`)
  if ('exhausted' in answer) {
    ensure(typeof answer.exhausted === 'string' && answer.exhausted.trim() !== '', 'A sampler that is exhausted must say why: the reason ends the study.')
    return
  }
  const problems = space.problems(answer.params)
  ensure(problems.length === 0, () => `suggest() answered ${show(answer.params)}, which is not a point of the space: ${problems.join('; ')}`)
  ensure(!(space.violation(answer.params) > 0), () => `suggest() answered ${show(answer.params)}, which violates a constraint of the space.`)
  checkNote(answer.note)
}

function checkNote(note: unknown): void {
  if (note === undefined) return
  const text = JSON.stringify(note)
  ensure(typeof text === 'string', 'The note must be JSON.')
  ensure(new TextEncoder().encode(text).length <= noteLimit, `The note has ${text.length} characters: at most ${noteLimit} bytes are kept.`)
  ensure(equalData(JSON.parse(text), note), () => `The note is not plain JSON: it reads back as ${text}.`)
}
