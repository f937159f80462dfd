// All that the client offers, in one file of its own because it is read as one page.
/** Parameters or tags by name. Numbers and booleans are written as JavaScript writes them (`0.1`, `true`). */
export type Texts = { readonly [key: string]: string | number | boolean }

/** One point of a curve. */
export interface MetricPoint {
  readonly key: string
  /** NaN and infinities included; MLflow keeps infinities as ±1.7976931348623157e308, and −0 as 0. */
  readonly value: number
  /** A safe integer, negative ones included. Default 0. */
  readonly step?: number
  /** Milliseconds since the epoch, an integer from 0. Default: now. */
  readonly timestamp?: number
  /** The logged model that the metric belongs to. */
  readonly modelId?: string
  readonly datasetName?: string
  readonly datasetDigest?: string
}

/** A metric as it was read: the last point by step, time and value, or a point of its history. */
export interface Metric extends Required<Pick<MetricPoint, 'key' | 'value' | 'step' | 'timestamp'>>, Pick<MetricPoint, 'modelId' | 'datasetName' | 'datasetDigest'> {}

export type LifecycleStage = 'active' | 'deleted'

/** Which of those that may be deleted. Default `active`. */
export type View = LifecycleStage | 'all'

export interface Experiment {
  readonly experimentId: string
  readonly name: string
  readonly artifactLocation: string
  readonly lifecycleStage: LifecycleStage
  /** Milliseconds since the epoch; undefined from servers that do not say. */
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
  readonly tags: { readonly [key: string]: string }
}

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'

export interface Run {
  readonly runId: string
  readonly runName: string
  readonly experimentId: string
  /** `UNKNOWN`: the server says something that this version does not know. */
  readonly status: RunStatus | 'UNKNOWN'
  /** Milliseconds since the epoch. */
  readonly startTime: number
  readonly endTime: number | undefined
  readonly artifactUri: string
  readonly lifecycleStage: LifecycleStage
  readonly userId: string | undefined
  /** The last point of each metric. Names here and below are as MLflow keeps them; `decodeKey` gives back those that were changed. */
  readonly metrics: { readonly [key: string]: Metric }
  readonly params: { readonly [key: string]: string }
  readonly tags: { readonly [key: string]: string }
  readonly inputs: { readonly datasets: readonly DatasetInput[]; readonly models: readonly string[] }
  /** Logged models that the run made. */
  readonly outputs: readonly { readonly modelId: string; readonly step: number }[]
}

/** Data that a run read. */
export interface DatasetInput {
  readonly name: string
  /** At most 36 characters; with the name it identifies the data. */
  readonly digest: string
  /** As in `training`, `validation`, `test`. */
  readonly context?: string
  readonly sourceType?: string
  readonly source?: string
  readonly schema?: string
  readonly profile?: string
}

export type LoggedModelStatus = 'PENDING' | 'READY' | 'UPLOAD_FAILED' | 'UNSPECIFIED'

export interface LoggedModel {
  readonly modelId: string
  readonly experimentId: string
  readonly name: string
  readonly modelType: string | undefined
  readonly sourceRunId: string | undefined
  readonly artifactUri: string
  readonly status: LoggedModelStatus
  readonly createdAt: number
  readonly updatedAt: number
  readonly params: { readonly [key: string]: string }
  readonly tags: { readonly [key: string]: string }
  readonly metrics: readonly (Metric & { readonly runId: string | undefined })[]
}

export interface RegisteredModel {
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: { readonly [key: string]: string }
  /** Version by alias. */
  readonly aliases: { readonly [alias: string]: string }
}

export interface ModelVersion {
  readonly name: string
  /** A number as text, as MLflow has it. */
  readonly version: string
  readonly status: string
  readonly description: string
  readonly source: string
  readonly runId: string | undefined
  readonly modelId: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: { readonly [key: string]: string }
  readonly aliases: readonly string[]
}

export interface ArtifactEntry {
  /** Relative to the root that was asked. */
  readonly path: string
  readonly isDirectory: boolean
  /** Bytes; undefined for a folder. */
  readonly size: number | undefined
}

/** Whose artefacts: those of a run or of a logged model, or an artefact URI as MLflow gives it. */
export type ArtifactRoot = { readonly runId: string } | { readonly modelId: string } | { readonly uri: string }

/** Bytes to upload. A function makes a fresh stream for each attempt, so it can be repeated. */
export type UploadSource = Uint8Array | string | { readonly size: number; stream(): AsyncIterable<Uint8Array> } | { readonly file: string }

export interface CallOptions {
  /** Ends the call, its repetitions included, with MLFLOW_ABORTED. */
  readonly signal?: AbortSignal
}

export interface UploadOptions extends CallOptions {
  readonly contentType?: string
  /** Told of bytes sent and in all, as they go. */
  onProgress?(sent: number, total: number): void
}

export interface SearchOptions extends CallOptions {
  /** In MLflow's language, as in `metrics.loss < 0.1 and tags.state = 'complete'`. */
  readonly filter?: string
  /** As in `['metrics.loss ASC', 'attributes.start_time DESC']`. */
  readonly orderBy?: readonly string[]
  /** Entries asked for at a time, from 1; the iterator goes on to the end whatever it is. */
  readonly pageSize?: number
}

/** What was not stored as it was given. */
export interface Alteration {
  readonly kind: 'metric' | 'param' | 'tag'
  /** As it was given. */
  readonly key: string
  /** The name it is stored under. */
  readonly storedKey: string
  /**
   * `renamed`: MLflow forbids the name, or it is longer than 250 characters. `truncated`: the value is longer than MLflow keeps, and ends with a mark that says so.
   * `replaced`: characters that no server keeps (NUL and halves of surrogate pairs) are U+FFFD in what is stored. `approximated`: a metric that is
   * −0 or infinite.
   */
  readonly what: 'renamed' | 'truncated' | 'replaced' | 'approximated'
  /** All of the value, as it was given; undefined for `renamed`. */
  readonly value?: string
  /** Of the point, for a metric that was approximated. */
  readonly step?: number
}

export interface Batch {
  readonly metrics?: readonly MetricPoint[]
  readonly params?: Texts
  readonly tags?: Texts
}

/** Names are refused (MLFLOW_INVALID) if they are empty, longer than 500 characters, or hold NUL or half of a surrogate pair. */
export interface Experiments {
  /** Deleted ones too. Throws MLFLOW_NOT_FOUND. */
  get(experimentId: string, options?: CallOptions): Promise<Experiment>
  /** By name, deleted ones included; undefined if there is none. */
  find(name: string, options?: CallOptions): Promise<Experiment | undefined>
  /** Throws MLFLOW_EXISTS. */
  create(experiment: { readonly name: string; readonly tags?: Texts; readonly artifactLocation?: string }, options?: CallOptions): Promise<Experiment>
  /** Finds, creates or restores it, also where others do the same at the same time. Tags and location are those of a new one. */
  ensure(name: string, experiment?: { readonly tags?: Texts; readonly artifactLocation?: string }, options?: CallOptions): Promise<Experiment>
  rename(experimentId: string, name: string, options?: CallOptions): Promise<void>
  delete(experimentId: string, options?: CallOptions): Promise<void>
  restore(experimentId: string, options?: CallOptions): Promise<void>
  /** One request each; the answer is that of `Runs.log`. */
  setTags(experimentId: string, tags: Texts, options?: CallOptions): Promise<readonly Alteration[]>
  /** Throws MLFLOW_NOT_FOUND. */
  deleteTag(experimentId: string, key: string, options?: CallOptions): Promise<void>
  search(options?: SearchOptions & { readonly view?: View }): AsyncIterable<Experiment>
}

export interface NewRun {
  readonly experimentId: string
  /** At most 250 characters. Default: MLflow invents one. */
  readonly name?: string
  /** Milliseconds since the epoch. Default: now. */
  readonly startTime?: number
  /** Need not exist yet. */
  readonly parentRunId?: string
  /** Stored as they are: names that MLflow forbids, and values of more than 5,000 characters, are refused. `Runs.log` takes them. */
  readonly tags?: Texts
  /**
   * Names the run uniquely in its experiment: if there is an active run with it, that one is answered (the oldest by the clocks of those
   * that made them, and others with it are deleted), so that the call may be repeated and made by several processes. Kept as the tag `attune.key`, as
   * `encodeKey` writes it. A process that was answered while another was still creating may find its run deleted; the call made again answers the one
   * that was kept. Default: a random key, which makes the repetition of a call whose answer was lost safe.
   */
  readonly key?: string
}

export interface Runs {
  /** Its status is RUNNING. */
  create(run: NewRun, options?: CallOptions): Promise<Run>
  /** Deleted ones too. Throws MLFLOW_NOT_FOUND. */
  get(runId: string, options?: CallOptions): Promise<Run>
  /** Any status may follow any other. `endTime` in milliseconds since the epoch; it stays when the run is RUNNING again. */
  update(runId: string, change: { readonly status?: RunStatus; readonly endTime?: number; readonly name?: string }, options?: CallOptions): Promise<void>
  /** Default: FINISHED, now. Metrics, parameters and tags may still be logged afterwards. */
  end(runId: string, status?: RunStatus, endTime?: number, options?: CallOptions): Promise<void>
  /** It can be restored; until then nothing can be logged to it. */
  delete(runId: string, options?: CallOptions): Promise<void>
  restore(runId: string, options?: CallOptions): Promise<void>
  /** Pages of at most 50,000, 1,000 by default. Runs without a metric that is searched for are left out, those without one that is ordered by come last. */
  search(experimentIds: readonly string[], options?: SearchOptions & { readonly view?: View }): AsyncIterable<Run>
  /**
   * Metrics, parameters and tags, in as many requests as MLflow's limits need: parameters in requests of their own, because the server
   * refuses a whole request for one changed parameter. Safe to repeat. Answers what could not be stored as it was given.
   * Throws MLFLOW_PARAM_CHANGED for a parameter that has another value already, after everything else was stored: its `details` have `conflicts`
   * (`key` as stored, `stored`, `given`) and `alterations`. Throws MLFLOW_INVALID, before anything is sent, for what is no number, text or boolean.
   */
  log(runId: string, batch: Batch, options?: CallOptions): Promise<readonly Alteration[]>
  /** One point; `log` with many of them is what is quick. */
  logMetric(runId: string, key: string, value: number, point?: Omit<MetricPoint, 'key' | 'value'>, options?: CallOptions): Promise<readonly Alteration[]>
  logParam(runId: string, key: string, value: string | number | boolean, options?: CallOptions): Promise<readonly Alteration[]>
  setTag(runId: string, key: string, value: string | number | boolean, options?: CallOptions): Promise<readonly Alteration[]>
  /** Throws MLFLOW_NOT_FOUND. */
  deleteTag(runId: string, key: string, options?: CallOptions): Promise<void>
  /** All points of a metric, by time, step and value; none of one that was never logged. Infinities come back as MLflow keeps them. Takes the name that was logged, or the one that is stored. */
  metricHistory(runId: string, key: string, options?: CallOptions & { readonly pageSize?: number }): AsyncIterable<Metric>
  /** What the run read. Data of one name and digest are kept once, as they were logged first. */
  logInputs(runId: string, inputs: { readonly datasets?: readonly DatasetInput[]; readonly models?: readonly string[] }, options?: CallOptions): Promise<void>
  /** Logged models that the run made; each is kept once, with the step that was logged first (default 0). */
  logOutputs(runId: string, models: readonly { readonly modelId: string; readonly step?: number }[], options?: CallOptions): Promise<void>
}

export interface NewLoggedModel {
  readonly experimentId: string
  /** Without `/ : . % " '`. */
  readonly name: string
  readonly modelType?: string
  readonly sourceRunId?: string
  readonly params?: Texts
  readonly tags?: Texts
  /** As `NewRun.key`. */
  readonly key?: string
}

export interface LoggedModels {
  create(model: NewLoggedModel, options?: CallOptions): Promise<LoggedModel>
  get(modelId: string, options?: CallOptions): Promise<LoggedModel>
  /** Says that the upload of its artefacts has ended. */
  finalize(modelId: string, status: 'READY' | 'UPLOAD_FAILED', options?: CallOptions): Promise<LoggedModel>
  /** Throws MLFLOW_NOT_FOUND (or MLFLOW_FORBIDDEN, from servers with users) for one that is gone. */
  delete(modelId: string, options?: CallOptions): Promise<void>
  setTags(modelId: string, tags: Texts, options?: CallOptions): Promise<readonly Alteration[]>
  /** Throws MLFLOW_NOT_FOUND. */
  deleteTag(modelId: string, key: string, options?: CallOptions): Promise<void>
  /** Safe to repeat. Throws MLFLOW_PARAM_CHANGED for one that has another value already, after the others were stored. */
  logParams(modelId: string, params: Texts, options?: CallOptions): Promise<readonly Alteration[]>
  search(experimentIds: readonly string[], options?: CallOptions & { readonly filter?: string; readonly orderBy?: readonly { readonly field: string; readonly ascending?: boolean }[]; readonly pageSize?: number }): AsyncIterable<LoggedModel>
}

export interface Registry {
  /** Throws MLFLOW_EXISTS. */
  createModel(model: { readonly name: string; readonly description?: string; readonly tags?: Texts }, options?: CallOptions): Promise<RegisteredModel>
  /** Finds or creates it. */
  ensureModel(name: string, options?: CallOptions): Promise<RegisteredModel>
  getModel(name: string, options?: CallOptions): Promise<RegisteredModel>
  findModel(name: string, options?: CallOptions): Promise<RegisteredModel | undefined>
  updateModel(name: string, change: { readonly description: string }, options?: CallOptions): Promise<RegisteredModel>
  renameModel(name: string, newName: string, options?: CallOptions): Promise<RegisteredModel>
  deleteModel(name: string, options?: CallOptions): Promise<void>
  searchModels(options?: SearchOptions): AsyncIterable<RegisteredModel>
  setModelTag(name: string, key: string, value: string, options?: CallOptions): Promise<void>
  deleteModelTag(name: string, key: string, options?: CallOptions): Promise<void>
  /** `source`: `models:/<model id>` (with `modelId`), `runs:/<run id>/path`, or an artefact URI. The `key` works as `NewRun.key`. */
  createVersion(version: { readonly name: string; readonly source: string; readonly runId?: string; readonly modelId?: string; readonly description?: string; readonly tags?: Texts; readonly key?: string }, options?: CallOptions): Promise<ModelVersion>
  getVersion(name: string, version: string, options?: CallOptions): Promise<ModelVersion>
  updateVersion(name: string, version: string, change: { readonly description: string }, options?: CallOptions): Promise<ModelVersion>
  deleteVersion(name: string, version: string, options?: CallOptions): Promise<void>
  searchVersions(options?: SearchOptions): AsyncIterable<ModelVersion>
  setVersionTag(name: string, version: string, key: string, value: string, options?: CallOptions): Promise<void>
  deleteVersionTag(name: string, version: string, key: string, options?: CallOptions): Promise<void>
  /** Moves the alias if it points elsewhere. */
  setAlias(name: string, alias: string, version: string, options?: CallOptions): Promise<void>
  deleteAlias(name: string, alias: string, options?: CallOptions): Promise<void>
  /** Undefined if the alias is not set. */
  findVersionByAlias(name: string, alias: string, options?: CallOptions): Promise<ModelVersion | undefined>
}

export interface Artifacts {
  /** One level; an empty list for what does not exist. */
  list(root: ArtifactRoot, path?: string, options?: CallOptions): Promise<readonly ArtifactEntry[]>
  /** Replaces what is there. In parts where the server offers it, else in one request. Answers the path it is stored under. */
  upload(root: ArtifactRoot, path: string, source: UploadSource, options?: UploadOptions): Promise<string>
  /** The bytes as they come; they hold a connection until they are read to the end, or their loop is left. Throws MLFLOW_NOT_FOUND. */
  stream(root: ArtifactRoot, path: string, options?: CallOptions): Promise<{ readonly size: number | undefined; readonly bytes: AsyncIterable<Uint8Array> }>
  /** All of it in memory, at most `maxBytes` (default 1 GiB). */
  download(root: ArtifactRoot, path: string, options?: CallOptions & { readonly maxBytes?: number }): Promise<Uint8Array>
  delete(root: ArtifactRoot, path: string, options?: CallOptions): Promise<void>
}

export interface ServerInfo {
  /** As in `3.17.2`; undefined where the server does not say, as Databricks. */
  readonly version: string | undefined
  /** Undefined where the server is too old to say. */
  readonly multipartUploads: boolean | undefined
  readonly workspaces: boolean | undefined
}

/** MLflow's REST interface, typed. Made by `mlflowClient`. */
export interface MlflowClient extends AsyncDisposable {
  /** Without credentials, without a slash at its end: `https://host/prefix`. */
  readonly trackingUri: string
  readonly experiments: Experiments
  readonly runs: Runs
  readonly models: LoggedModels
  readonly registry: Registry
  readonly artifacts: Artifacts
  server(options?: CallOptions): Promise<ServerInfo>
  /** Ends calls under way and frees connections. */
  close(): Promise<void>
}
