/** One number of a curve. The format keeps 32-bit floats: 2.4 reads back as 2.4000000953674316, beyond ±3.4e38 as ±Infinity. */
export interface ScalarValue {
  readonly kind: 'scalar'
  /** What is before the first `/` names the group of charts. */
  readonly tag: string
  readonly value: number
  /**
   * Writes all 64 bits as well: as a DT_DOUBLE tensor of the tag `attune_exact/<tag>` in the same record, which TensorBoard's
   * readers give and its pages do not show. `readEvents` answers the exact number then.
   */
  readonly exact?: boolean
}

/** A text, shown under the Text tab. */
export interface TextValue {
  readonly kind: 'text'
  readonly tag: string
  readonly markdown: string
}

/** So many samples between two edges. */
export interface HistogramBucket {
  readonly from: number
  readonly to: number
  /** Not negative; need not be an integer, as with weights. */
  readonly count: number
}

/** A distribution, shown under Histograms and Distributions. `histogramBuckets` makes buckets of samples. */
export interface HistogramValue {
  readonly kind: 'histogram'
  readonly tag: string
  /** From left to right, none overlapping the next. */
  readonly buckets: readonly HistogramBucket[]
}

/** One or more images of one size. `encodePng` makes them of pixels. */
export interface ImageValue {
  readonly kind: 'image'
  readonly tag: string
  /** In pixels. */
  readonly width: number
  readonly height: number
  /** Each a whole PNG file; files of others may hold other formats. */
  readonly images: readonly Uint8Array[]
}

/** An array of any shape that no other kind stands for. Strings are bytes, in UTF-8 as a rule. */
export type TensorData =
  | { readonly type: 'float32'; readonly data: Float32Array }
  | { readonly type: 'float64'; readonly data: Float64Array }
  | { readonly type: 'int32'; readonly data: Int32Array }
  | { readonly type: 'uint8'; readonly data: Uint8Array }
  | { readonly type: 'boolean'; readonly data: Uint8Array }
  | { readonly type: 'int64'; readonly data: BigInt64Array }
  | { readonly type: 'string'; readonly data: readonly Uint8Array[] }

/** A tensor of a plugin of TensorBoard, or of one's own: TensorBoard keeps those of plugins that it does not know, and shows nothing. */
export interface TensorValue {
  readonly kind: 'tensor'
  readonly tag: string
  /** The name of the plugin, empty where the file tells none. */
  readonly plugin: string
  /** Empty for a single element. */
  readonly shape: readonly number[]
  readonly tensor: TensorData
}

/** What the HParams tab takes as a value; use the same type for one name in all sessions. */
export type HParam = string | number | boolean

/** Makes the run a session of the HParams tab. The first one of a run counts, later ones are ignored by TensorBoard. */
export interface SessionStartValue {
  readonly kind: 'session-start'
  /** By name. Numbers must be finite. In files of others, null and lists are read as their JSON text. */
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
  readonly status: 'success' | 'failure' | 'running' | 'unknown'
  /** Milliseconds since the epoch. */
  readonly endedAt: number
}

/** A column of the HParams tab. */
export interface HParamInfo {
  readonly name: string
  readonly displayName?: string
  readonly description?: string
  readonly type: 'string' | 'number' | 'boolean'
  /** What it can be: tick boxes for values, two fields for an interval. */
  readonly domain?: { readonly values: readonly HParam[] } | { readonly min: number; readonly max: number }
  /** Whether sessions differ in it (default true): the tab hides the others at first. */
  readonly differs?: boolean
}

/** A metric of the HParams tab: the last point of a scalar tag in each session. */
export interface MetricInfo {
  readonly tag: string
  /** The folder below the session that has the tag (default: the session itself). */
  readonly group?: string
  readonly displayName?: string
  readonly description?: string
  readonly dataset?: 'training' | 'validation'
}

/**
 * Columns and metrics of the HParams tab, in the order that it shows them. Goes into a run above its sessions. The first
 * one that TensorBoard finds in a log directory counts; without any it derives columns and metrics from the sessions.
 */
export interface ExperimentValue {
  readonly kind: 'experiment'
  readonly name?: string
  readonly description?: string
  readonly user?: string
  /** Milliseconds since the epoch. */
  readonly createdAt?: number
  readonly hparams: readonly HParamInfo[]
  readonly metrics: readonly MetricInfo[]
}

/** Only read, never written: a value of a plugin or type that this package does not know, whole. */
export interface OtherValue {
  readonly kind: 'other'
  readonly tag: string
  /** The name of the plugin, empty where the file tells none. */
  readonly plugin: string
  /** A message of the type `tensorboard.Summary.Value`. */
  readonly bytes: Uint8Array
}

/** One value of a summary event that can be written. */
export type SummaryValue = ScalarValue | TextValue | HistogramValue | ImageValue | TensorValue | SessionStartValue | SessionEndValue | ExperimentValue

/** One record of an event file: values that belong to one step. It is in the file as a whole or not at all. */
export interface SummaryEvent {
  readonly kind: 'summary'
  /** An integer within ±(2 ** 53 - 1); in one run the steps of a tag must not go back (see `EventWriterOptions.startStep`). */
  readonly step: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly values: readonly SummaryValue[]
  /** A number of the writer's own, kept in the file and not shown by TensorBoard. */
  readonly mark?: number
}

/** What a file can hold, as `readEvents` gives it. */
export type TensorBoardEvent =
  | (Omit<SummaryEvent, 'values'> & { readonly values: readonly (SummaryValue | OtherValue)[] })
  | { readonly kind: 'version'; readonly time: number; readonly version: string; readonly writer: string }
  /** A writer started here: readers forget points of the run from this step on. */
  | { readonly kind: 'start'; readonly time: number; readonly step: number }
  /**
   * Something that this package does not know, as a message of the type `tensorboard.Event`: a graph, a log line,
   * or a step beyond ±(2 ** 53 - 1), which `step` gives rounded.
   */
  | { readonly kind: 'other'; readonly time: number; readonly step: number; readonly bytes: Uint8Array }
