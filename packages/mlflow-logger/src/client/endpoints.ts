import { authorization, readCredentials, type Credentials } from './credentials.ts'
import { readWorkspace } from './databricks.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions } from './options.ts'
import { Secret } from './secret.ts'
import { refuse, type Settings } from './settings.ts'
import { parseServerUri } from './uri.ts'

/** A server, and what every request to it carries. */
export interface Endpoint {
  /** Without credentials and without a slash at its end. */
  readonly url: string
  readonly headers: { readonly [name: string]: Secret }
  /** That is worked in, if one is named: the server has to know workspaces. */
  readonly workspace?: string | undefined
}

export interface Endpoints {
  readonly tracking: Endpoint
  /** The same object as `tracking` where models live there. */
  readonly registry: Endpoint
  /** What must not be shown, in whatever an error repeats. */
  readonly secrets: readonly Secret[]
}

type Headers = { readonly [name: string]: Secret }

/** The servers that settings name. Throws `MLFLOW_URI` and `MLFLOW_CONFIG`. */
export function readEndpoints(settings: Settings): Endpoints {
  const { options, variables } = settings
  const given = { username: settings.text('username'), password: settings.text('password'), token: settings.text('token') }
  const plugin = variables.boolean('MLFLOW_TRACKING_AWS_SIGV4') === true ? 'MLFLOW_TRACKING_AWS_SIGV4' : variables.text('MLFLOW_TRACKING_AUTH') === undefined ? undefined : 'MLFLOW_TRACKING_AUTH'
  if (plugin !== undefined && given.token === undefined && given.password === undefined && options.headers === undefined) refuse(`${plugin} asks for a plugin of Python to sign requests, which does not exist here. Unset it and use a token, or give the headers that the server expects as the option 'headers'`)
  const fromEnvironment = readCredentials(variables)
  const extra = extraHeaders(options.headers)
  const named = (settings.text('workspace') ?? variables.text('MLFLOW_WORKSPACE'))?.trim()
  const workspace = named === '' ? undefined : named
  if (workspace !== undefined && !/^[\x21-\x7e]+$/.test(workspace)) refuse(`'${workspace}' cannot be the name of a workspace (the option 'workspace', MLFLOW_WORKSPACE). MLflow takes small letters, digits and hyphens`)
  const shared: Headers = { ...(workspace !== undefined && { 'x-mlflow-workspace': new Secret(workspace) }), ...extra }
  const secrets: Secret[] = Object.values(extra).flatMap((value) => [value, withoutScheme(value)])

  const read = (uri: string, source: string): Endpoint => {
    const { url, credentials } = locate(uri, source)
    const chosen = prefer(given, credentials)
    const header = authorization(chosen)
    for (const secret of [chosen.password, chosen.token]) if (secret !== undefined) secrets.push(secret)
    if (header !== undefined) secrets.push(header, withoutScheme(header))
    return { url, headers: { ...(header !== undefined && { authorization: header }), ...shared }, workspace }
  }

  function locate(uri: string, source: string): { readonly url: string; readonly credentials: Credentials } {
    const parsed = parseServerUri(uri, source)
    if (parsed.kind === 'databricks') {
      const found = readWorkspace(parsed.profile, variables)
      const host = parseServerUri(found.host, 'the host of Databricks')
      return host.kind === 'http' ? { url: host.url, credentials: found.credentials } : refuse('The host of Databricks has to be a URL')
    }
    // Those in the URI replace those of the environment, as `requests` of Python has it.
    const { url, username, password } = parsed
    return { url, credentials: username === undefined && password === undefined ? fromEnvironment : { username: username ?? '', password: password ?? new Secret('') } }
  }

  const trackingUri = settings.text('trackingUri') ?? variables.text('MLFLOW_TRACKING_URI')
  if (trackingUri === undefined) {
    throw new MlflowError('MLFLOW_URI', "No MLflow server is configured. Set MLFLOW_TRACKING_URI, or the option 'trackingUri', to its URL. To start one here: `mlflow server --port 5000` gives 'http://localhost:5000'")
  }
  const tracking = read(trackingUri, options.trackingUri === undefined ? 'MLFLOW_TRACKING_URI' : "the option 'trackingUri'")
  const registryUri = settings.text('registryUri') ?? variables.text('MLFLOW_REGISTRY_URI')
  const registry = registryUri === undefined || registryUri === trackingUri ? tracking : read(registryUri, options.registryUri === undefined ? 'MLFLOW_REGISTRY_URI' : "the option 'registryUri'")
  return { tracking, registry, secrets }
}

/** What options say before what else is known; user and password only together. */
function prefer(given: { readonly username: string | undefined; readonly password: string | undefined; readonly token: string | undefined }, known: Credentials): Credentials {
  const { username, password, token } = given
  if (token !== undefined && password === undefined) return { token: new Secret(token) }
  if (username === undefined && password === undefined) return known
  const chosen = { username: username ?? known.username, password: password === undefined ? known.password : new Secret(password) }
  if (chosen.username === undefined || chosen.password === undefined) return refuse(`User and password belong together: the option '${chosen.username === undefined ? 'username' : 'password'}' is missing, and so is its variable`)
  return chosen
}

/** Names in lower case, values that a header can carry. */
function extraHeaders(extra: ConnectionOptions['headers']): Headers {
  const headers: { [name: string]: Secret } = {}
  for (const [name, value] of Object.entries(extra ?? {})) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) refuse(`'${name}' cannot be the name of a header`)
    if (typeof value !== 'string' || /[\r\n\0]|[^\x20-\xff\t]/.test(value)) refuse(`The header '${name}' has a value that no header can carry. Use a text without line ends, of Latin characters`)
    if (/^(host|content-length|content-type|transfer-encoding|connection)$/i.test(name)) refuse(`The header '${name}' belongs to each request, and cannot be set for all`)
    headers[name.toLowerCase()] = new Secret(value)
  }
  return headers
}

/** What follows `Basic` or `Bearer`, as some programs quote it. */
function withoutScheme(value: Secret): Secret {
  return new Secret(value.reveal().replace(/^\w+\s+/, ''))
}
