import type { TrainingInput } from '@attune/core'
import type { MetricPoint, RunStatus, Texts } from '../client/types.ts'

/** One artefact of a run. Written again, it replaces what is there. */
export interface ArtifactWrite {
  /** Below the artefacts of the run, as in `attune/space.json`. */
  readonly path: string
  /** A function reads the bytes when they are sent; undefined if they are lost: then there is nothing to send. */
  readonly content: string | Uint8Array | (() => Promise<Uint8Array | undefined>)
}

/**
 * What one event changes in one run. Everything is safe to repeat: times come from the event, not from a clock, so that a point which is
 * sent twice is one point. Of two writes to the same run the later one counts for name, tags and status.
 */
export interface RunWrites {
  readonly name?: string
  readonly metrics?: readonly MetricPoint[]
  /** MLflow refuses to change a parameter. */
  readonly params?: Texts
  readonly tags?: Texts
  /** Tags that are taken away again. */
  readonly removedTags?: readonly string[]
  /** `endTime` in milliseconds since the epoch. */
  readonly status?: { readonly status: RunStatus; readonly endTime?: number }
  readonly artifacts?: readonly ArtifactWrite[]
  readonly inputs?: readonly TrainingInput[]
}

/** How a run begins. It is created once; a run that exists already, because the study is resumed, is taken as it is. */
export interface RunStart {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly startTime: number
  /** Beside those for the key and the parent, which the pipeline sets. */
  readonly tags: Texts
}

/** The runs of a study, once they exist. */
export interface RunIds {
  readonly trackingUri: string
  readonly experimentId: string
  /** The run of the study. */
  readonly parent: string
  /** The run of a trial, if this process knows it. */
  trial(number: number): Promise<string | undefined>
}
