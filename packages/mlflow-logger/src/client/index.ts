export { mlflowClient } from './client.ts'
export { MlflowError, type FailedCall } from './errors.ts'
export { decodeKey, encodeKey } from './names.ts'
export type { ArtifactUploader } from './artifact-stores.ts'
export type { ConnectionOptions } from './options.ts'
export type {
  Alteration,
  ArtifactEntry,
  ArtifactRoot,
  Artifacts,
  Batch,
  CallOptions,
  DatasetInput,
  Experiment,
  Experiments,
  LifecycleStage,
  LoggedModel,
  LoggedModels,
  LoggedModelStatus,
  Metric,
  MetricPoint,
  MlflowClient,
  ModelVersion,
  NewLoggedModel,
  NewRun,
  RegisteredModel,
  Registry,
  Run,
  Runs,
  RunStatus,
  SearchOptions,
  ServerInfo,
  Texts,
  UploadOptions,
  UploadSource,
  View,
} from './types.ts'
