import type { Exhausted, Problem, SamplerFactory, Suggestion, TrialRecord, Wait } from '@attune/core'
import { ensure, equalData, settles, show } from './check.ts'

/** Bytes of explanation and note. */
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
            checkAnswer(answer, problem, context.running)
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

export function checkAnswer(answer: Suggestion | Exhausted | Wait, { space, objectives }: Problem, running: readonly TrialRecord[]): void {
  ensure(typeof answer === 'object' && answer !== null, () => `suggest() must answer { params }, { exhausted } or { wait: true }, not ${show(answer)}.`)
  if ('exhausted' in answer) {
    ensure(typeof answer.exhausted === 'string' && answer.exhausted.trim() !== '', 'A sampler that is exhausted must say why: the reason ends the study.')
    return
  }
  if ('wait' in answer) {
    ensure(answer.wait === true && running.length > 0, 'A sampler waits for trials that run, and none does: nothing would ever wake it.')
    return
  }
  const problems = space.problems(answer.params)
  ensure(problems.length === 0, () => `suggest() answered ${show(answer.params)}, which is not a point of the space: ${problems.join('; ')}`)
  ensure(!(space.violation(answer.params) > 0), () => `suggest() answered ${show(answer.params)}, which violates a constraint of the space.`)
  checkExplanation(answer, objectives.map(({ metric }) => metric))
  checkNotes({ explanation: answer.explanation, note: answer.note })
}

function checkExplanation({ explanation }: Suggestion, metrics: readonly string[]): void {
  if (explanation === undefined) return
  const { model, why, predicted } = explanation
  ensure(typeof model === 'string' && model.trim() !== '' && typeof why === 'string' && why.trim() !== '', () => `An explanation names the model and says why: not ${show(explanation)}.`)
  for (const { metric, mean, deviation } of predicted ?? []) {
    ensure(metrics.includes(metric), () => `"${metric}" was predicted, which is no objective: those are ${metrics.join(', ')}.`)
    ensure(Number.isFinite(mean) && Number.isFinite(deviation) && deviation >= 0, () => `${metric} was predicted as ${mean} ± ${deviation}: give finite numbers, or predict nothing.`)
  }
}

function checkNotes(notes: { readonly explanation: unknown; readonly note: unknown }): void {
  const given = Object.fromEntries(Object.entries(notes).filter(([, value]) => value !== undefined))
  const text = JSON.stringify(given)
  ensure(new TextEncoder().encode(text).length <= noteLimit, `Explanation and note have ${text.length} characters: at most ${noteLimit} bytes are kept.`)
  ensure(equalData(JSON.parse(text), given), () => `Explanation or note is not plain JSON: it reads back as ${text}.`)
}
