import { artifactPath, joined } from './artifact-path.ts'
import { MlflowError } from './errors.ts'
import { withoutCredentials } from './secret.ts'
import type { Transport } from './transport-types.ts'
import type { ArtifactRoot, CallOptions } from './types.ts'

/** Where the artefacts of a root are. */
export type Location =
  /** Behind the MLflow server; `path` is from the root of its artefacts. */
  | { readonly kind: 'proxied'; readonly path: string }
  /** In a storage of their own. */
  | { readonly kind: 'direct'; readonly scheme: string; readonly uri: string; readonly owner: { readonly run_id: string } | { readonly model_id: string } | undefined }

/** Runs and models whose place is remembered; it never changes. */
const mostRemembered = 1000
const artifactsRoot = '/api/2.0/mlflow-artifacts/artifacts'

function text(value: unknown, ...path: readonly string[]): string | undefined {
  let found = value
  for (const name of path) found = typeof found === 'object' && found !== null ? (found as { readonly [key: string]: unknown })[name] : undefined
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Finds where artefacts are, asking the server once for each run and model. */
export function rootFinder(transport: Transport): (root: ArtifactRoot, options: CallOptions) => Promise<Location> {
  const remembered = new Map<string, string>()

  async function uriOf(key: string, ask: () => Promise<string | undefined>): Promise<string> {
    const known = remembered.get(key)
    if (known !== undefined) return known
    const uri = await ask()
    if (uri === undefined) throw new MlflowError('MLFLOW_ANSWER', `${transport.trackingUri} did not say where the artefacts of ${key} are`)
    if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value!)
    remembered.set(key, uri)
    return uri
  }

  async function find(root: ArtifactRoot, options: CallOptions): Promise<Location> {
    const bound = options.signal === undefined ? {} : { signal: options.signal }
    if ('runId' in root) {
      const uri = await uriOf(`run ${root.runId}`, async () => text(await transport.json({ method: 'GET', path: 'runs/get', query: { run_id: root.runId }, ...bound }), 'run', 'info', 'artifact_uri'))
      return locate(uri, { run_id: root.runId })
    }
    if ('modelId' in root) {
      const uri = await uriOf(`model ${root.modelId}`, async () => text(await transport.json({ method: 'GET', path: `logged-models/${encodeURIComponent(root.modelId)}`, ...bound }), 'model', 'info', 'artifact_uri'))
      return locate(uri, { model_id: root.modelId })
    }
    return locate(root.uri, undefined)
  }

  function locate(uri: string, owner: { readonly run_id: string } | { readonly model_id: string } | undefined): Location {
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase() ?? 'file'
    if (scheme === 'mlflow-artifacts') {
      const [, host, path = ''] = /^mlflow-artifacts:(?:\/\/([^/]*))?(.*)$/i.exec(uri)!
      // A URI that names a host is another server's, unless it is ours.
      if (host !== undefined && host !== '' && host.toLowerCase() !== new URL(transport.trackingUri).host) return { kind: 'direct', scheme, uri, owner }
      return { kind: 'proxied', path: cleanRoot(path, uri) }
    }
    const ours = `${transport.trackingUri}${artifactsRoot}`
    if (uri === ours || uri.startsWith(`${ours}/`)) return { kind: 'proxied', path: cleanRoot(uri.slice(ours.length), uri) }
    return { kind: 'direct', scheme, uri, owner }
  }
  return find
}

/** What a server says is checked as what a user says: it must not lead out of the artefacts. */
function cleanRoot(path: string, uri: string): string {
  const clean = path.replace(/^\/+|\/+$/g, '')
  if (clean === '') return ''
  if (/[#%?]/.test(clean) || artifactPath(clean) !== clean) throw new MlflowError('MLFLOW_ARTIFACT_PATH', `The artefact URI '${withoutCredentials(uri)}' has characters that no server can be asked for`)
  return clean
}

export function below(uri: string, path: string): string {
  return joined(uri.replace(/\/+$/, ''), path)
}
