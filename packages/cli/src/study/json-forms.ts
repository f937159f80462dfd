import type { HistoryEntry, Json, TrialRecord, Worker } from '@attune/core'
import type { StudyFacts } from './read-study.ts'

/** The documented shapes of --json: names and meanings are those of the library; what a thing does not have is null. */

export function studyJson({ study, state, goal, best, lastActivityAt }: StudyFacts): { readonly [key: string]: Json } {
  const { id, createdAt, definition, counts } = study.summary
  return {
    name: definition.name,
    id,
    state,
    goal: goal ?? null,
    counts: { ...counts },
    objectives: definition.objectives.map(({ metric, direction, from }) => ({ metric, direction, from })),
    best: best.map(({ number, values, flatParams }) => ({ number, values: values ?? null, params: flatParams })),
    createdAt,
    lastActivityAt,
  }
}

export function workerJson({ owner, state, sampler, pruner, running, ended, openedAt, lastSeenAt }: Worker): Json {
  return { owner, state, sampler: sampler ?? null, pruner: pruner ?? null, running, ended, openedAt, lastSeenAt }
}

/** A whole trial; `params` are nested, `flatParams` by path. */
export function trialJson(trial: TrialRecord): { readonly [key: string]: Json } {
  const { number, state, attempt, params, flatParams, origin, parent, reports, metrics, values, violation, failure, earlierFailures, attributes, artifacts, checkpoint, toStep, owner, suggestion, voided, createdAt, startedAt, endedAt } = trial
  const fields = {
    number, state, attempt, params, flatParams, metrics, values, violation, reports, failure, earlierFailures, origin, parent, attributes, artifacts,
    checkpoint, toStep, owner, suggestion, voided, createdAt, startedAt, endedAt,
  }
  return withNulls(fields)
}

/** One entry of `study.history()`. */
export function correctionJson(entry: HistoryEntry): Json {
  return withNulls(entry)
}

function withNulls(fields: object): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(fields as { readonly [key: string]: Json | undefined }).map(([key, value]) => [key, value ?? null]))
}
