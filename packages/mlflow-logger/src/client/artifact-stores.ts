import type { ArtifactEntry, CallOptions, UploadOptions } from './types.ts'

/**
 * Reaches artefacts that do not go through the MLflow server, as those of a server that is started with `--default-artifact-root s3://…`.
 * Each call gets the whole URI, as in `s3://bucket/1/<run id>/artifacts/model/model.onnx`.
 */
export interface ArtifactUploader {
  upload(uri: string, source: { readonly size: number; stream(): AsyncIterable<Uint8Array> }, options: UploadOptions): Promise<void>
  /** One level below a URI, with paths relative to it; an empty list for what does not exist. */
  list?(uri: string, options: CallOptions): Promise<readonly ArtifactEntry[]>
  download?(uri: string, options: CallOptions): Promise<{ readonly size: number | undefined; readonly bytes: AsyncIterable<Uint8Array> }>
  delete?(uri: string, options: CallOptions): Promise<void>
}
