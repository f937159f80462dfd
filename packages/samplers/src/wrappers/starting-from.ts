import { AttuneError, type Explanation, type FlatParams, type Problem, type Sampler, type SamplerFactory, type SearchSpace, Space, type TrialRecord } from '@attune/core'
import { checkSampler, InnerSampler } from './inner-sampler.ts'

const id = 'starting-from'

const explanation: Explanation = Object.freeze({ model: 'none', why: 'It is one of the known points that the study was to start from.' })

/**
 * Tries known points first, in their order, and then goes on as the sampler does, which learns from them. Points that a trial of the study has
 * had are passed over, so a study that is resumed tries none again; those whose trial was aborted or lost are tried again.
 *
 * For points with known values use `study.add`, which costs no trial; for points that come up later `study.enqueue`.
 *
 * @param points nested parameters, as a trial has them, or parameters by path; inside `fixed` and `restricted` by path
 *
 * Throws, on creation of a study, OPTION for a point that is not one of the space, and UNSUPPORTED for a space that is defined by running.
 */
export function startingFrom(sampler: SamplerFactory, points: readonly { readonly [name: string]: unknown }[]): SamplerFactory {
  checkSampler('startingFrom', sampler)
  if (!Array.isArray(points)) throw new AttuneError('OPTION', 'startingFrom takes a sampler and a list of points: startingFrom(tpe(), [{ learningRate: 0.01, layers: 3 }]).')
  return {
    specVersion: 'v1',
    id,
    revision: 1,
    create: (problem) => {
      const { space } = problem
      if (space.dimensions.length === 0 || space.dimensions.some(({ dynamic }) => dynamic)) {
        throw new AttuneError('UNSUPPORTED', 'startingFrom() checks its points against the space, but this one is defined by running: use study.enqueue(params), or pass createStudy({ space }).')
      }
      return startingSampler(problem, sampler, points)
    },
  }
}

interface Start {
  readonly params: FlatParams
  readonly key: string
}

function startingSampler(problem: Problem, sampler: SamplerFactory, points: readonly { readonly [name: string]: unknown }[]): Sampler {
  const inner = new InnerSampler(sampler, problem, { wrapper: id })
  const { space, history } = problem
  const keyOf = ({ flatParams }: Pick<TrialRecord, 'flatParams'>): string => JSON.stringify(space.dimensions.map(({ path }) => flatParams[path] ?? null))
  let left: readonly Start[] = points.flatMap((point) => {
    try {
      const params = pointOf(space, point)
      return [{ params, key: keyOf({ flatParams: params }) }]
    } catch (error) {
      // The space of a study that goes on may have been extended since the program was written.
      if (history.length === 0) throw error
      problem.warn(`${(error as Error).message} It is passed over.`)
      return []
    }
  })
  return {
    observe(trial) {
      if (left.length > 0 && trial.failure?.reason !== 'aborted' && trial.failure?.reason !== 'lost') {
        const visited = keyOf(trial)
        left = left.filter(({ key }) => key !== visited)
      }
      inner.observe(trial)
    },
    suggest(context) {
      if (left.length === 0) return inner.suggest(context)
      const busy = new Set([...context.running, ...history.paused().map((number) => history.trial(number))].map(keyOf))
      const next = left.find(({ key }) => !busy.has(key))
      return next === undefined ? inner.suggest(context) : { params: next.params, explanation }
    },
  }
}

/** A point by path. Throws OPTION if the space does not have it. */
function pointOf(space: SearchSpace, point: { readonly [name: string]: unknown }): FlatParams {
  if (typeof point !== 'object' || point === null) throw wrong(point, 'it is no object of parameters')
  const byPath = point as FlatParams
  const isFlat = Object.keys(point).every((path) => space.dimensions.some((dimension) => dimension.path === path))
  let params: FlatParams
  try {
    params = isFlat || !(space instanceof Space) ? byPath : space.flatten(point)
  } catch (cause) {
    throw wrong(point, (cause as Error).message, cause)
  }
  const problems = space.problems(params)
  if (problems.length > 0) throw wrong(point, problems.join('; '))
  if (space.violation(params) > 0) throw wrong(point, 'it breaks a constraint of the space')
  return params
}

function wrong(point: object, why: string, cause?: unknown): AttuneError {
  return new AttuneError('OPTION', `startingFrom has a point that is not one of the space, ${JSON.stringify(point)}: ${why.replace(/\.$/, '')}.`, { details: { point }, cause })
}
