import type { Dimension, FlatParams, Objective, Scalar, SearchSpace, TrialRecord, TrialState } from '@attune/core'
import type { StudyData } from './study-data.ts'

/** A trial that is complete in nothing but what a test cares for. */
export function trial(number: number, given: Partial<TrialRecord> = {}): TrialRecord {
  return {
    number,
    state: 'complete',
    attempt: 1,
    params: {},
    flatParams: {},
    origin: 'sampler',
    suggestion: undefined,
    reports: [],
    metrics: {},
    value: undefined,
    values: undefined,
    violation: 0,
    failure: undefined,
    earlierFailures: [],
    attributes: {},
    artifacts: {},
    artifact: () => Promise.resolve(undefined),
    checkpoint: undefined,
    earlierCheckpoint: undefined,
    toStep: undefined,
    owner: undefined,
    parent: undefined,
    voided: undefined,
    createdAt: 1_790_000_000_000 + number * 1000,
    startedAt: 1_790_000_000_000 + number * 1000,
    endedAt: 1_790_000_000_500 + number * 1000,
    ...given,
  }
}

export function objective(metric: string, direction: Objective['direction'] = 'minimize'): Objective {
  return { metric, direction, from: 'last' }
}

export function study(given: { readonly name?: string; readonly objectives?: readonly Objective[]; readonly dimensions?: readonly Dimension[]; readonly trials?: readonly TrialRecord[] } & Pick<StudyData, 'warnings' | 'corrections'>): StudyData {
  return {
    definition: { name: given.name ?? 'a study', objectives: given.objectives ?? [objective('loss')], constraints: [], seed: 7 },
    space: { dimensions: given.dimensions ?? [] },
    trials: given.trials ?? [],
    ...(given.warnings === undefined ? {} : { warnings: given.warnings }),
    ...(given.corrections === undefined ? {} : { corrections: given.corrections }),
  }
}

/** Evenly spread numbers in [0, 1) that are the same at every run. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

/** Active parameters drawn from the prior. */
export function sample({ dimensions }: Pick<SearchSpace, 'dimensions'>, uniform: () => number): FlatParams {
  const params: { [path: string]: Scalar } = {}
  const active = (dimension: Dimension): boolean =>
    dimension.conditions.length === 0 ||
    dimension.conditions.some(({ parent, cells }) => {
      const above = dimensions[parent]
      return above !== undefined && Object.hasOwn(params, above.path) && cells.has(above.cellOf(params[above.path] as Scalar))
    })
  for (const dimension of dimensions) if (active(dimension)) params[dimension.path] = dimension.quantile(uniform())
  return params
}

/** A study as trainings make it: learning curves, every third trial or so pruned, a few failed, one diverged, two running. */
export function trainingStudy(space: Pick<SearchSpace, 'dimensions'>, trials: number, given: { readonly seed?: number; readonly name?: string; readonly objectives?: readonly Objective[] } = {}): StudyData {
  const uniform = uniforms(given.seed ?? 1)
  const objectives = given.objectives ?? [objective('valAccuracy', 'maximize')]
  const records = Array.from({ length: trials }, (_, number): TrialRecord => {
    const flatParams = sample(space, uniform)
    const rate = Number(flatParams['learningRate'] ?? 0.01)
    const quality = Math.max(0.05, 1 - 0.12 * Math.abs(Math.log10(rate / 0.004)) - 0.1 * uniform() - 0.2 * Math.exp(-number / 25))
    const luck = uniform()
    const state: TrialState = number >= trials - 2 && trials > 10 ? 'running' : luck < 0.05 ? 'failed' : luck < 0.35 && number > 4 ? 'pruned' : 'complete'
    const steps = state === 'failed' ? Math.floor(uniform() * 3) : state === 'pruned' ? 1 + Math.floor(uniform() * 3) : state === 'running' ? 2 : 9
    const startedAt = 1_790_000_000_000 + number * 4000
    const reports = Array.from({ length: steps }, (_, index) => {
      const accuracy = quality * (1 - 0.85 * Math.exp(-(index + 1) / (1.3 + luck))) + 0.01 * uniform()
      return { step: index + 1, metrics: { valAccuracy: accuracy, trainLoss: 2.4 * Math.exp(-2 * accuracy) + 0.05 * uniform(), latencyMs: 1 + 12 * quality ** 3 * uniform() }, time: startedAt + (index + 1) * 400 }
    })
    const metrics = state === 'running' || state === 'failed' ? {} : reports.at(-1)!.metrics
    return trial(number, {
      state,
      params: flatParams,
      flatParams,
      reports,
      metrics,
      values: state === 'complete' || state === 'pruned' ? objectives.map(({ metric }) => metrics[metric as keyof typeof metrics]) : undefined,
      suggestion: { sampler: number < 10 ? 'random@1' : 'tpe@1', revision: number * 12, running: [] },
      failure: state === 'failed' ? (uniform() < 0.5 ? { reason: 'out-of-memory', message: 'the trainer asked for 3.1 GB' } : { reason: 'error', message: 'Matrix sizes 128 and 64 do not fit', stack: 'Error: Matrix sizes 128 and 64 do not fit\n    at build (model.ts:31:11)\n    at train (train.ts:8:3)' }) : undefined,
      startedAt,
      endedAt: state === 'running' ? undefined : startedAt + 420 * Math.max(1, steps),
    })
  })
  return {
    ...study({ name: given.name ?? 'mnist-mlp', objectives, dimensions: space.dimensions, trials: records }),
    ...(trials > 10 ? { warnings: [{ source: 'tpe', message: 'fell back to random: fewer than 10 results' }, { source: 'tfjs', message: 'trial leaked 3 tensors', number: 4 }, { source: 'tfjs', message: 'trial leaked 3 tensors', number: 9 }] } : {}),
  }
}
