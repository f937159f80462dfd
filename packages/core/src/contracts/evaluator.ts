import type { Artifact } from './artifact.ts'
import type { Awaitable, Metrics } from './values.ts'

/** The trial whose artefact is judged. */
export interface EvaluateContext {
  readonly number: number
  readonly signal: AbortSignal
  warn(message: string): void
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
  evaluate(artifact: Artifact, context: EvaluateContext): Awaitable<Metrics>
  /** Called once when `optimize` ends; the evaluator may be used again afterwards. */
  release?(): Awaitable<void>
}
