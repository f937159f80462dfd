import { readAgents, type Agents } from './agents.ts'
import { readEndpoints, type Endpoints } from './endpoints.ts'
import type { Environment } from './environment.ts'
import type { ConnectionOptions, Destination } from './options.ts'
import type { RetryPolicy } from './retry.ts'
import { Settings } from './settings.ts'

/** All settings, checked; times in milliseconds. Printing it shows no secret. */
export interface Configuration extends Endpoints {
  readonly destination: Destination
  readonly retry: RetryPolicy
  /** Of one attempt; for files, without a byte. */
  readonly timeout: number
  /** Of one attempt to move a file. */
  readonly transferTimeout: number
  readonly maxAnswerBytes: number
  readonly allowRedirects: boolean
  readonly agents: () => Agents
  readonly multipart: { readonly from: number; readonly partSize: number }
  readonly artifactStores: NonNullable<ConnectionOptions['artifactStores']>
}

const mebibyte = 2 ** 20

/**
 * Settings from options and, for what they leave out, from the environment and the files that MLflow's own client reads, with its defaults.
 * Throws `MLFLOW_URI` and `MLFLOW_CONFIG`, with the name of the variable or option that is wrong.
 */
export function resolveConfiguration(options: ConnectionOptions = {}, environment: Environment = process.env): Configuration {
  const settings = new Settings(options, environment)
  const { variables } = settings
  return {
    ...readEndpoints(settings),
    destination: { experimentName: variables.text('MLFLOW_EXPERIMENT_NAME'), experimentId: variables.text('MLFLOW_EXPERIMENT_ID'), runId: variables.text('MLFLOW_RUN_ID') },
    retry: {
      maxRetries: settings.number('maxRetries', 7, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES'),
      factor: settings.number('backoffFactor', 2000, 'MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR', 1000),
      jitter: settings.number('backoffJitter', 1000, 'MLFLOW_HTTP_REQUEST_BACKOFF_JITTER', 1000),
      respectRetryAfter: settings.flag('respectRetryAfter', 'MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER') ?? true,
      deadline: settings.number('deadline', 600_000),
    },
    timeout: settings.number('timeout', 120_000, 'MLFLOW_HTTP_REQUEST_TIMEOUT', 1000),
    transferTimeout: settings.number('transferTimeout', 6 * 3_600_000, 'MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT', 1000),
    maxAnswerBytes: settings.number('maxAnswerBytes', 64 * mebibyte),
    allowRedirects: settings.flag('allowRedirects', 'MLFLOW_ALLOW_HTTP_REDIRECTS') ?? true,
    agents: readAgents(settings),
    multipart: {
      from: settings.number('multipartFrom', 500 * mebibyte, 'MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE'),
      partSize: settings.number('partSize', 10 * mebibyte, 'MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE'),
    },
    artifactStores: options.artifactStores ?? {},
  }
}
