import type { Artifact } from './artifact.ts'
import type { Awaitable, Json, Metrics } from './values.ts'

/** The trial whose artefact is judged. */
export interface EvaluateContext {
  readonly number: number
  /** The trial's parameters, as its training got them: how a model is served may be searched for, too. */
  readonly params: unknown
  /** True where no other trial of this run computes meanwhile. Where it is false, what measures time marks its values as contended. */
  readonly alone: boolean
  readonly signal: AbortSignal
  warn(message: string): void
  /** Keeps plain JSON with the trial: what a metric cannot hold, as a confusion matrix. Rejects with NOT_JSON. */
  setAttribute(key: string, value: Json): Promise<void>
}

/**
 * Judges what a training left behind. Its metrics join the trial's final ones and can be objectives or
 * constraints. Called once for each trial that completes with an artefact; several calls may overlap
 * unless `exclusive` (something that measures time is). A rejection fails the trial with its reason.
 */
export interface Evaluator {
  readonly specVersion: 'v1'
  readonly id: string
  readonly exclusive: boolean
  /** Which way its metrics are better, for those that have one. `optimize` warns of an objective that goes the other way. */
  readonly directions?: { readonly [metric: string]: 'minimize' | 'maximize' }
  evaluate(artifact: Artifact, context: EvaluateContext): Awaitable<Metrics>
  /** Called once when `optimize` ends; the evaluator may be used again afterwards. */
  release?(): Awaitable<void>
}
