import type { Json } from '@attune/core'
import type { Texts } from '../client/types.ts'

/** What becomes of the best trial's model. */
export interface ModelOptions {
  /** The trial's artefact that is the model. Default `model`. */
  readonly artifact?: string
  /** Registers it under this name, as a new version whenever the best trial is another one. */
  readonly registeredName?: string
  /** Points at the registered version, as in `champion`. Needs `registeredName`. */
  readonly alias?: string
  /** MLflow's signature, `{ inputs, outputs }`; default: read from the model where its format tells. */
  readonly signature?: Json
}

/** What `mlflow()` was asked for, with defaults filled in. */
export interface Settings {
  /** Undefined: the study's name. */
  readonly experimentName: string | undefined
  readonly experimentId: string | undefined
  /** An existing run that becomes the run of the study. */
  readonly runId: string | undefined
  /** Undefined: the study's name. */
  readonly runName: string | undefined
  /** The user's own, on the run of the study. */
  readonly tags: Texts
  /** Tags that MLflow's own clients take from their surroundings (`mlflow.user`, `mlflow.source.name`, …), read once. */
  readonly surroundings: Texts
  /** Undefined: no model is logged. */
  readonly model: (ModelOptions & { readonly artifact: string }) | undefined
  /** Whether links to the study's pages are printed when it ends. */
  readonly links: boolean
}
