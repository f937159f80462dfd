import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { ArtifactUploader } from './artifact-stores.ts'

/**
 * Where the server is and how it is asked. What is left out comes from the variables that MLflow's own client reads, named at each
 * option; what is given here wins.
 */
export interface ConnectionOptions {
  /**
   * The server's URL, with the path it is served under: `http://localhost:5000`, `https://user:password@host/prefix`; or `databricks`, or
   * `databricks://profile`. `MLFLOW_TRACKING_URI`.
   */
  readonly trackingUri?: string
  /** Where registered models live, if elsewhere. `MLFLOW_REGISTRY_URI`. */
  readonly registryUri?: string
  /** With `password`, and only with it: basic authentication. `MLFLOW_TRACKING_USERNAME`, or `~/.mlflow/credentials`. */
  readonly username?: string
  /** `MLFLOW_TRACKING_PASSWORD`, or `~/.mlflow/credentials`. */
  readonly password?: string
  /** A bearer token, used where there are no user and password. `MLFLOW_TRACKING_TOKEN`. */
  readonly token?: string
  /** The workspace that is worked in. A server that has none is refused at the first call (`MLFLOW_CONFIG`). `MLFLOW_WORKSPACE`. */
  readonly workspace?: string
  /** Sent with every request to the server, and to no other origin. Their values are treated as secrets. */
  readonly headers?: { readonly [name: string]: string }

  /** Accepts any certificate of the server. Default false. `MLFLOW_TRACKING_INSECURE_TLS`. */
  readonly insecureTls?: boolean
  /** A PEM file of the authorities to trust, instead of the usual ones. `MLFLOW_TRACKING_SERVER_CERT_PATH`, else `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`. */
  readonly serverCertPath?: string
  /** A PEM file of our certificate and its key. `MLFLOW_TRACKING_CLIENT_CERT_PATH`. */
  readonly clientCertPath?: string
  /** Makes the connections to http servers instead of an agent of our own, and is not destroyed by `close`. */
  readonly httpAgent?: HttpAgent
  /** As `httpAgent`, for https servers. Certificates are its business then: refused beside the three options above. */
  readonly httpsAgent?: HttpsAgent
  /**
   * Whether connections are used again, by agents of our own. Default: for https only. Over http a new connection costs next to nothing, while
   * MLflow's server, where it has several workers (it has four by default), answers 40 ms late on one that is used again.
   */
  readonly keepAlive?: boolean
  /** Follows redirects: within the server's origin; to another origin only downloads, and without credentials. Default true. `MLFLOW_ALLOW_HTTP_REDIRECTS`. */
  readonly allowRedirects?: boolean

  /** Repetitions after a failed attempt, 0 to 10. Default 7. `MLFLOW_HTTP_REQUEST_MAX_RETRIES`. */
  readonly maxRetries?: number
  /** Milliseconds, 0 to 120,000: the wait before repetition n is this × 2^(n − 1), none before the first, at most two minutes. Default 2000. `MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR` (seconds). */
  readonly backoffFactor?: number
  /** Milliseconds, 0 to 120,000: the most that is added to a wait, at random. Default 1000. `MLFLOW_HTTP_REQUEST_BACKOFF_JITTER` (seconds). */
  readonly backoffJitter?: number
  /** Waits as long as the server asks for. Default true. `MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER`. */
  readonly respectRetryAfter?: boolean
  /** Milliseconds for one attempt of a call, its answer included; for files, the longest time without a byte. Default 120,000. `MLFLOW_HTTP_REQUEST_TIMEOUT` (seconds). */
  readonly timeout?: number
  /** Milliseconds for each request that a call needs, with its repetitions and waits; for files, for each wait. Default 600,000. */
  readonly deadline?: number
  /** Milliseconds for one attempt to send or fetch a file. Default 6 hours. `MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT` (seconds). */
  readonly transferTimeout?: number
  /** The most bytes that an answer other than a file may have. Default 64 MiB. */
  readonly maxAnswerBytes?: number

  /** Files from this size on are uploaded in parts, straight to the storage, where the server offers it. Default 500 MiB. `MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE`. */
  readonly multipartFrom?: number
  /** Bytes of a part, from 5 MiB; larger where a file would need more than 10,000. Default 10 MiB. `MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE`. */
  readonly partSize?: number
  /** Uploaders and readers for artefacts that do not go through the server, by the scheme of their URI without the colon, as in `{ s3: … }`. */
  readonly artifactStores?: { readonly [scheme: string]: ArtifactUploader }
}

/** What the environment says about where to log; options of a logger win over it. */
export interface Destination {
  /** `MLFLOW_EXPERIMENT_NAME` */
  readonly experimentName: string | undefined
  /** `MLFLOW_EXPERIMENT_ID` */
  readonly experimentId: string | undefined
  /** `MLFLOW_RUN_ID`: the run to attach to. */
  readonly runId: string | undefined
}
