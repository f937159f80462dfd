import { type ArtifactReference, AttuneError, float, type Json, type LoggerContext, type SearchSpace, space, type Study, type StudyDefinition, type StudySummary, type TrialRecord } from '@attune/core'

/** What a test tells its logger of a study that need not exist. Everything has a default. */
export interface LoggerContextParts {
  readonly id?: string
  readonly owner?: string
  /** Default: a study named "study" that maximises `accuracy`. */
  readonly definition?: Partial<StudyDefinition>
  readonly counts?: Partial<StudySummary['counts']>
  /** Default: one number, `x`. */
  readonly space?: SearchSpace
  /** By number. Read at each use: a list that grows is seen to grow. */
  readonly trials?: readonly TrialRecord[]
  readonly best?: TrialRecord
  readonly attributes?: { readonly [key: string]: Json }
  readonly artifacts?: { readonly [name: string]: ArtifactReference }
  /** Default: true. */
  readonly persistent?: boolean
  /** Default: no artefact can be read. */
  readonly artifact?: LoggerContext['artifact']
}

/** A context that keeps what its logger has warned of. */
export interface TestLoggerContext extends LoggerContext {
  readonly warnings: readonly string[]
}

/** A context made of parts, for tests that write a logger's events themselves. */
export function loggerContext(parts: LoggerContextParts = {}): TestLoggerContext {
  const { trials = [], counts, definition, best } = parts
  const study: StudySummary = {
    id: parts.id ?? 'study-id',
    definition: { name: 'study', space: null, fingerprint: null, objectives: [{ metric: 'accuracy', direction: 'maximize', from: 'last' }], constraints: [], metrics: null, seed: 1, ...definition },
    createdAt: 0,
    revision: 0,
    counts: { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0, ...counts },
  }
  const warnings: string[] = []
  return {
    study,
    owner: parts.owner ?? 'this process',
    space: parts.space ?? space({ x: float(0, 1) }),
    view: {
      study,
      best,
      attributes: parts.attributes ?? {},
      artifacts: parts.artifacts ?? {},
      trial(number) {
        const trial = trials[number]
        if (trial === undefined) throw new AttuneError('TRIAL_NOT_FOUND', `There is no trial ${number}.`)
        return trial
      },
      trials: () => [...trials],
    },
    persistent: parts.persistent ?? true,
    artifact: parts.artifact ?? (() => Promise.resolve(undefined)),
    warn: (message) => void warnings.push(message),
    warnings,
  }
}

/** The context of a logger of this study, as the study itself would give it. */
export function loggerContextOf(study: Study<unknown>, parts: Pick<LoggerContextParts, 'owner' | 'persistent' | 'artifact'> = {}): TestLoggerContext {
  const base = loggerContext(parts)
  return {
    ...base,
    study: study.summary,
    get space() {
      return study.space
    },
    view: {
      get study() {
        return study.summary
      },
      get best() {
        return study.columns.best < 0 ? undefined : study.trial(study.columns.best)
      },
      get attributes() {
        return study.attributes
      },
      get artifacts() {
        return study.artifacts
      },
      trial: (number) => study.trial(number),
      trials: () => study.trials(),
    },
  }
}
