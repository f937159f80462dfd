/** One number of a curve. TensorBoard keeps 32-bit floats: 2.4 reads back as 2.4000000953674316, beyond ±3.4e38 as ±Infinity. */
export interface ScalarValue {
  readonly kind: 'scalar'
  /** What is before the first `/` names the group of charts. */
  readonly tag: string
  readonly value: number
}

/** A text, shown under the Text tab. */
export interface TextValue {
  readonly kind: 'text'
  readonly tag: string
  readonly markdown: string
}

/** What the HParams tab takes as a value; use the same type for one name in all sessions. */
export type HParam = string | number | boolean

/** Makes the run a session of the HParams tab. The first one of a run counts, later ones are ignored by TensorBoard. */
export interface SessionStartValue {
  readonly kind: 'session-start'
  /** By name. Numbers must be finite. */
  readonly hparams: { readonly [name: string]: HParam }
  /** Sessions with the same group are shown as repeats of one; by default each run is a group of its own. */
  readonly group?: string
  /** A link shown with the session. */
  readonly monitorUrl?: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** Says how a session of the HParams tab ended. The first one of a run counts, later ones are ignored by TensorBoard. */
export interface SessionEndValue {
  readonly kind: 'session-end'
  readonly status: 'success' | 'failure'
  /** Milliseconds since the epoch. */
  readonly endedAt: number
}

/** One value of a summary event. */
export type SummaryValue = ScalarValue | TextValue | SessionStartValue | SessionEndValue

/** One record of an event file: values that belong to one step. It is in the file as a whole or not at all. */
export interface SummaryEvent {
  readonly kind: 'summary'
  /** An integer; in one run the steps of a tag must not go back (see `EventWriterOptions.startStep`). */
  readonly step: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly values: readonly SummaryValue[]
  /** A number of the writer's own, kept in the file and not shown by TensorBoard. */
  readonly mark?: number
}

/** What a file can hold, as `readEvents` gives it. */
export type TensorBoardEvent =
  | SummaryEvent
  | { readonly kind: 'version'; readonly time: number; readonly version: string; readonly writer: string }
  /** A writer started here: readers forget points of the run from this step on. */
  | { readonly kind: 'start'; readonly time: number; readonly step: number }
  /** Something that this package does not write. */
  | { readonly kind: 'other'; readonly time: number; readonly step: number }
