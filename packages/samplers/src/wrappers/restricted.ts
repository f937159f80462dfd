import { AttuneError, type Awaitable, type Problem, type Sampler, type SamplerFactory, type Scalar, type SearchSpace } from '@attune/core'
import { hashed } from '../quasi-random/sequence.ts'
import type { Answer } from './inner-note.ts'
import { checkSampler, InnerSampler } from './inner-sampler.ts'
import { RestrictedHistory } from './restricted-history.ts'
import { RestrictedSpace, type Restrictions } from './restricted-space.ts'

/**
 * The same sampler on a part of the space: parameters that are restricted take some of their values only. By path, a number is
 * restricted to bounds, `[low, high]`, everything else to a list of values; one value alone fixes it. A branch is restricted by the path
 * of its `oneOf`, a `repeat` (its number of elements) by its own; `*` stands for one name.
 *
 * ```ts
 * restricted(tpe(), { optimizer: ['adam', 'sgd'], learningRate: [1e-4, 1e-2], 'layers.*.units': 64 })
 * ```
 *
 * The sampler sees the smaller space as if it had been declared so, priors cut off at the new bounds, and learns from the trials within it only: what lies outside
 * is no point of its space. In a space defined by running, a restriction holds from the trial after the one that meets its parameter first.
 * Throws, on creation of a study, OPTION for what is not in the space, and what the sampler throws.
 */
export function restricted(sampler: SamplerFactory, to: Restrictions): SamplerFactory {
  return restrictedBy('restricted', sampler, to)
}

/**
 * The same sampler with some parameters fixed, by path: `fixed(tpe(), { batchSize: 32, optimizer: 'adam' })`. It learns from the trials that have
 * these values; see `restricted`.
 */
export function fixed(sampler: SamplerFactory, values: { readonly [path: string]: Scalar }): SamplerFactory {
  const list = Object.entries(values ?? {}).find(([, value]) => Array.isArray(value))
  if (list !== undefined) throw new AttuneError('OPTION', `fixed takes one value for '${list[0]}', not a list: restricted(sampler, { '${list[0]}': ${JSON.stringify(list[1])} }) takes some.`)
  return restrictedBy('fixed', sampler, values)
}

function restrictedBy(id: 'restricted' | 'fixed', sampler: SamplerFactory, to: Restrictions): SamplerFactory {
  checkSampler(id, sampler)
  if (typeof to !== 'object' || to === null || Array.isArray(to)) throw new AttuneError('OPTION', `${id} takes a sampler and values by path, as in ${id}(tpe(), { batchSize: 32 }).`)
  const restrictions = { ...to }
  return { specVersion: 'v1', id, revision: 1, create: (problem) => restrictedSampler(id, sampler, restrictions, problem) }
}

function restrictedSampler(id: string, sampler: SamplerFactory, restrictions: Restrictions, problem: Problem): Sampler {
  let known: { readonly whole: SearchSpace; readonly part: RestrictedSpace } | undefined
  const partOf = (whole: SearchSpace): RestrictedSpace => {
    if (known?.whole !== whole) known = { whole, part: new RestrictedSpace(whole, restrictions) }
    return known.part
  }
  const part = (): RestrictedSpace => partOf(problem.space)
  const inner = new InnerSampler(sampler, problem, { wrapper: id, part: nameOf(restrictions), space: partOf, history: (history) => new RestrictedHistory(history, part) })
  part()
  const completed = (answer: Answer): Answer => ('params' in answer ? { ...answer, params: part().complete(answer.params) } : answer)
  const suggest: Sampler['suggest'] = (context): Awaitable<Answer> => {
    const running = context.running.filter(({ flatParams }) => part().has(flatParams))
    const answer = inner.suggest(running.length === context.running.length ? context : { ...context, running })
    return 'then' in answer ? answer.then(completed) : completed(answer)
  }
  if (!inner.observes) return { suggest }
  return { observe: (trial) => void (part().has(trial.flatParams) && inner.observe(trial)), suggest }
}

/** Tells restrictions apart, in few letters: it is stored with each trial. */
function nameOf(restrictions: Restrictions): string {
  return Array.from(JSON.stringify(restrictions)).reduce((hash, letter) => hashed(hash, letter.codePointAt(0) as number), 0).toString(36)
}
