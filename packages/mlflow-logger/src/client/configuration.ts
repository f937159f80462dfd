import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { authorization, readCredentials, type Credentials } from './credentials.ts'
import { readWorkspace } from './databricks.ts'
import { Variables, type Environment } from './environment.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions, Destination } from './options.ts'
import type { RetryPolicy } from './retry.ts'
import { Secret } from './secret.ts'
import { parseServerUri } from './uri.ts'

/** A server, and what every request to it carries. */
export interface Endpoint {
  /** Without credentials and without a slash at its end. */
  readonly url: string
  readonly headers: { readonly [name: string]: Secret }
}

/** All settings, checked. Printing it shows no secret. */
export interface Configuration {
  readonly tracking: Endpoint
  /** The same object as `tracking` where models live there. */
  readonly registry: Endpoint
  readonly destination: Destination
  /** What must not be shown, in whatever an error repeats. */
  readonly secrets: readonly Secret[]
  readonly retry: RetryPolicy
  readonly timeout: number
  readonly transferTimeout: number
  readonly maxAnswerBytes: number
  readonly allowRedirects: boolean
  readonly agents: () => Agents
  readonly multipart: { readonly from: number; readonly partSize: number }
  readonly artifactStores: NonNullable<ConnectionOptions['artifactStores']>
}

export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
  /** Destroys those that are ours. */
  close(): void
}

const mebibyte = 2 ** 20
const hour = 3_600_000

const ranges = {
  maxRetries: { min: 0, max: 10, whole: true },
  backoffFactor: { min: 0, max: 120_000 },
  backoffJitter: { min: 0, max: 120_000 },
  timeout: { min: 1, max: 24 * hour },
  deadline: { min: 1, max: 24 * hour },
  transferTimeout: { min: 1, max: 24 * 24 * hour },
  maxAnswerBytes: { min: 1024, max: 2 ** 31, whole: true },
  multipartFrom: { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true },
  partSize: { min: 5 * mebibyte, max: 5 * 1024 * mebibyte, whole: true },
} as const

const known: { readonly [name in keyof Required<ConnectionOptions>]: true } = {
  trackingUri: true, registryUri: true, username: true, password: true, token: true, workspace: true, headers: true, insecureTls: true, serverCertPath: true,
  clientCertPath: true, httpAgent: true, httpsAgent: true, keepAlive: true, allowRedirects: true, maxRetries: true, backoffFactor: true, backoffJitter: true,
  respectRetryAfter: true, timeout: true, deadline: true, transferTimeout: true, maxAnswerBytes: true, multipartFrom: true, partSize: true, artifactStores: true,
}

function refuse(message: string): never {
  throw new MlflowError('MLFLOW_CONFIG', message)
}

/**
 * Settings from options and, for what they leave out, from the environment and the files that MLflow's own client reads.
 * Throws `MLFLOW_URI` and `MLFLOW_CONFIG`, with the name of the variable or option that is wrong.
 */
export function resolveConfiguration(options: ConnectionOptions = {}, environment: Environment = process.env): Configuration {
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) refuse(`There is no option '${name}'. Options: ${Object.keys(known).join(', ')}`)
  const variables = new Variables(environment)
  const text = (name: 'trackingUri' | 'registryUri' | 'username' | 'password' | 'token' | 'workspace' | 'serverCertPath' | 'clientCertPath') => {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'string') refuse(`The option '${name}' has to be a text`)
    return value
  }
  const flag = (name: 'insecureTls' | 'allowRedirects' | 'respectRetryAfter' | 'keepAlive', variable: string | undefined) => {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') refuse(`The option '${name}' has to be true or false`)
    return value ?? (variable === undefined ? undefined : variables.boolean(variable))
  }
  const number = (name: keyof typeof ranges, variable: string | undefined, unit: number, otherwise: number) => {
    const range: { readonly min: number; readonly max: number; readonly whole?: boolean } = ranges[name]
    const value: unknown = options[name]
    if (value === undefined) {
      const read = variable === undefined ? undefined : variables.number(variable, { min: range.min / unit, max: range.max / unit, ...(range.whole === true && { whole: true }) })
      return read === undefined ? otherwise : read * unit
    }
    if (typeof value !== 'number' || !(value >= range.min && value <= range.max) || (range.whole === true && !Number.isInteger(value))) {
      return refuse(`The option '${name}' is ${typeof value === 'number' ? String(value) : `a ${typeof value}`}, and has to be ${range.whole === true ? 'a whole number' : 'a number'} from ${range.min} to ${range.max}`)
    }
    return value
  }

  const signed = variables.boolean('MLFLOW_TRACKING_AWS_SIGV4') === true ? 'MLFLOW_TRACKING_AWS_SIGV4' : variables.text('MLFLOW_TRACKING_AUTH') === undefined ? undefined : 'MLFLOW_TRACKING_AUTH'
  if (signed !== undefined && options.token === undefined && options.password === undefined && options.headers === undefined) refuse(`${signed} asks for a plugin of Python to sign requests, which does not exist here. Unset it and use a token, or give the headers that the server expects as the option 'headers'`)
  const given = { username: text('username'), password: text('password'), token: text('token') }
  const fromEnvironment = readCredentials(variables)
  const secrets: Secret[] = []
  const shared = sharedHeaders(options.headers, text('workspace') ?? variables.text('MLFLOW_WORKSPACE'))
  for (const value of Object.values(shared.extra)) secrets.push(value, withoutScheme(value))

  const endpoint = (uri: string, source: string): Endpoint => {
    const parsed = parseServerUri(uri, source)
    let url: string
    let credentials: Credentials
    if (parsed.kind === 'databricks') {
      const workspace = readWorkspace(parsed.profile, variables)
      const host = parseServerUri(workspace.host, 'the host of Databricks')
      if (host.kind !== 'http') refuse('The host of Databricks has to be a URL')
      url = host.url
      credentials = workspace.credentials
    } else {
      url = parsed.url
      // Those in the URI replace those of the environment, as `requests` of Python has it.
      const fromUri = parsed.username !== undefined || parsed.password !== undefined
      credentials = fromUri ? { username: parsed.username ?? '', password: parsed.password ?? new Secret('') } : fromEnvironment
    }
    const half = given.username !== undefined && credentials.password === undefined && given.password === undefined ? 'password' : given.password !== undefined && credentials.username === undefined && given.username === undefined ? 'username' : undefined
    if (half !== undefined && given.token === undefined) refuse(`User and password belong together: the option '${half}' is missing, and so is its variable`)
    if (given.token !== undefined && given.password === undefined) credentials = { token: new Secret(given.token) }
    else if (given.username !== undefined || given.password !== undefined) {
      credentials = { username: given.username ?? credentials.username, password: given.password === undefined ? credentials.password : new Secret(given.password), token: given.token === undefined ? credentials.token : new Secret(given.token) }
    }
    const header = authorization(credentials)
    for (const secret of [credentials.password, credentials.token, header]) if (secret !== undefined) secrets.push(secret)
    if (header !== undefined) secrets.push(withoutScheme(header))
    return { url, headers: { ...shared.all, ...(header !== undefined && !Object.hasOwn(shared.all, 'authorization') && { authorization: header }) } }
  }

  const trackingUri = text('trackingUri') ?? variables.text('MLFLOW_TRACKING_URI')
  if (trackingUri === undefined) {
    throw new MlflowError('MLFLOW_URI', "No MLflow server is configured. Set MLFLOW_TRACKING_URI, or the option 'trackingUri', to its URL. To start one here: `mlflow server --port 5000` gives 'http://localhost:5000'")
  }
  const source = (option: 'trackingUri' | 'registryUri', variable: string) => (options[option] === undefined ? variable : `the option '${option}'`)
  const tracking = endpoint(trackingUri, source('trackingUri', 'MLFLOW_TRACKING_URI'))
  const registryUri = text('registryUri') ?? variables.text('MLFLOW_REGISTRY_URI')
  const registry = registryUri === undefined || registryUri === trackingUri ? tracking : endpoint(registryUri, source('registryUri', 'MLFLOW_REGISTRY_URI'))

  const insecureTls = flag('insecureTls', 'MLFLOW_TRACKING_INSECURE_TLS') ?? false
  const ownAuthorities = text('serverCertPath') ?? variables.path('MLFLOW_TRACKING_SERVER_CERT_PATH')
  if (insecureTls && ownAuthorities !== undefined) refuse('Certificates cannot be both ignored (insecureTls, MLFLOW_TRACKING_INSECURE_TLS) and checked (serverCertPath, MLFLOW_TRACKING_SERVER_CERT_PATH). Leave one out')
  const authorities = ownAuthorities ?? variables.path('REQUESTS_CA_BUNDLE') ?? variables.path('CURL_CA_BUNDLE')
  const clientCertificate = text('clientCertPath') ?? variables.path('MLFLOW_TRACKING_CLIENT_CERT_PATH')
  if (options.httpsAgent !== undefined && (insecureTls || ownAuthorities !== undefined || clientCertificate !== undefined)) refuse('Certificates are the business of the httpsAgent that is given. Configure them there, and leave out insecureTls, serverCertPath, clientCertPath and their variables')
  const ca = insecureTls || authorities === undefined || options.httpsAgent !== undefined ? undefined : readPem(authorities, 'the certificates to trust')
  const certificate = clientCertificate === undefined ? undefined : readPem(clientCertificate, 'our certificate and its key')
  const keepAlive = flag('keepAlive', undefined)

  return {
    tracking,
    registry,
    destination: { experimentName: variables.text('MLFLOW_EXPERIMENT_NAME'), experimentId: variables.text('MLFLOW_EXPERIMENT_ID'), runId: variables.text('MLFLOW_RUN_ID') },
    secrets,
    retry: {
      maxRetries: number('maxRetries', 'MLFLOW_HTTP_REQUEST_MAX_RETRIES', 1, 7),
      factor: number('backoffFactor', 'MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR', 1000, 2000),
      jitter: number('backoffJitter', 'MLFLOW_HTTP_REQUEST_BACKOFF_JITTER', 1000, 1000),
      respectRetryAfter: flag('respectRetryAfter', 'MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER') ?? true,
      deadline: number('deadline', undefined, 1, 600_000),
    },
    timeout: number('timeout', 'MLFLOW_HTTP_REQUEST_TIMEOUT', 1000, 120_000),
    transferTimeout: number('transferTimeout', 'MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT', 1000, 6 * hour),
    maxAnswerBytes: number('maxAnswerBytes', undefined, 1, 64 * mebibyte),
    allowRedirects: flag('allowRedirects', 'MLFLOW_ALLOW_HTTP_REDIRECTS') ?? true,
    multipart: {
      from: number('multipartFrom', 'MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE', 1, 500 * mebibyte),
      partSize: number('partSize', 'MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE', 1, 10 * mebibyte),
    },
    artifactStores: options.artifactStores ?? {},
    agents: () => {
      const http = options.httpAgent ?? new HttpAgent({ keepAlive: keepAlive ?? false })
      const https = options.httpsAgent ?? new HttpsAgent({ keepAlive: keepAlive ?? true, rejectUnauthorized: !insecureTls, ...(ca !== undefined && { ca }), ...(certificate !== undefined && { cert: certificate, key: certificate }) })
      return {
        http,
        https,
        close: () => {
          if (options.httpAgent === undefined) http.destroy()
          if (options.httpsAgent === undefined) https.destroy()
        },
      }
    },
  }
}

/** Names in lower case, and values that a header can carry. */
function sharedHeaders(extra: ConnectionOptions['headers'], workspace: string | undefined): { readonly all: { readonly [name: string]: Secret }; readonly extra: { readonly [name: string]: Secret } } {
  const headers: { [name: string]: Secret } = {}
  for (const [name, value] of Object.entries(extra ?? {})) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) refuse(`'${name}' cannot be the name of a header`)
    if (typeof value !== 'string' || /[\r\n\0]|[^\x20-\xff\t]/.test(value)) refuse(`The header '${name}' has a value that no header can carry. Use a text without line ends, of Latin characters`)
    if (/^(host|content-length|content-type|transfer-encoding|connection)$/i.test(name)) refuse(`The header '${name}' belongs to each request, and cannot be set for all`)
    headers[name.toLowerCase()] = new Secret(value)
  }
  const chosen = workspace?.trim()
  const all = { ...headers }
  if (chosen !== undefined && chosen !== '') all['x-mlflow-workspace'] ??= new Secret(chosen)
  return { all, extra: headers }
}

/** What follows `Basic` or `Bearer`, as some programs quote it. */
function withoutScheme(value: Secret): Secret {
  return new Secret(value.reveal().replace(/^\w+\s+/, ''))
}

function readPem(path: string, purpose: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`${path}, with ${purpose}, cannot be read (${String((error as { readonly code?: unknown }).code)}). Give one PEM file`)
  }
}
