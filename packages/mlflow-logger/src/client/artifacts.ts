import { artifactPath, encodedPath, joined } from './artifact-path.ts'
import { below, rootFinder, type Location } from './artifact-root.ts'
import type { ArtifactUploader } from './artifact-stores.ts'
import type { Configuration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { uploadInParts } from './multipart.ts'
import { presignedAddress } from './presigned.ts'
import { withoutCredentials } from './secret.ts'
import type { Transport } from './transport-types.ts'
import type { ArtifactEntry, ArtifactRoot, Artifacts, CallOptions, UploadOptions, UploadSource } from './types.ts'
import { openSource } from './upload-source.ts'
import { serverInfoPath } from './workspace.ts'

const proxyRoot = '/api/2.0/mlflow-artifacts/artifacts'
const gibibyte = 2 ** 30
/** Downloads into memory that break off are begun again as often. */
const mostDownloads = 3

/** Artefacts on a transport: through the server, by URLs that it signs, or by stores that were given for their scheme. */
export function createArtifacts(transport: Transport, configuration: Pick<Configuration, 'multipart' | 'artifactStores'>): Artifacts {
  const find = rootFinder(transport)
  let partsOffered: boolean | undefined

  function store(location: Location & { readonly kind: 'direct' }): ArtifactUploader | undefined {
    return Object.hasOwn(configuration.artifactStores, location.scheme) ? configuration.artifactStores[location.scheme] : undefined
  }

  function unreachable(location: Location & { readonly kind: 'direct' }, verb: string, cause?: unknown): MlflowError {
    const { scheme } = location
    const where = withoutCredentials(location.uri)
    const server = scheme === 'file' ? ', which is a folder of the machine that the server runs on,' : ''
    return new MlflowError(
      'MLFLOW_ARTIFACT_STORE',
      `Artefacts in '${where}'${server} cannot be ${verb} through ${transport.trackingUri}. Start the server with --artifacts-destination in place of --default-artifact-root (for new experiments), or give a store of your own: artifactStores: { ${/^\w+$/.test(scheme) ? scheme : `'${scheme}'`}: … }`,
      { ...(cause !== undefined && { cause }), details: { uri: where } },
    )
  }

  /** Asked once, and only when a file is large enough; a server that does not say has none. */
  async function offersParts(options: CallOptions): Promise<boolean> {
    partsOffered ??= await transport.json({ method: 'GET', path: serverInfoPath, ...pick(options) }).then(
      (info) => (info as { readonly multipart_uploads_enabled?: unknown }).multipart_uploads_enabled === true,
      (error: unknown) => {
        if (error instanceof MlflowError && error.code === 'MLFLOW_ENDPOINT') return false
        throw error
      },
    )
    return partsOffered
  }

  async function list(root: ArtifactRoot, path: string | undefined, options: CallOptions): Promise<readonly ArtifactEntry[]> {
    const folder = path === undefined || path === '' ? '' : artifactPath(path)
    const location = await find(root, options)
    if (location.kind === 'proxied') {
      const answer = await transport.json({ method: 'GET', path: proxyRoot, query: { path: joined(location.path, folder) }, ...pick(options) })
      const found = entries((answer as { readonly files?: unknown }).files, folder, folder)
      // Either a file that some storages list below itself, or the only file of a folder, of the same name.
      if (folder === '' || found.length !== 1 || found[0]!.path !== joined(folder, lastName(folder)) || found[0]!.isDirectory) return found
      const beside = await list(root, parentOf(folder), options)
      return beside.some((entry) => entry.path === folder && entry.isDirectory) ? found : []
    }
    const own = store(location)
    if (own !== undefined) {
      if (own.list === undefined) throw unreachable(location, 'listed')
      return (await own.list(below(location.uri, folder), options)).map((entry) => ({ ...entry, path: joined(folder, entry.path) }))
    }
    if (location.owner === undefined) throw unreachable(location, 'listed')
    // The server has the keys of its storage, and lists it for us.
    const { owner } = location
    const files: unknown[] = []
    for (let token: string | undefined; ;) {
      const page =
        'run_id' in owner
          ? await transport.json({ method: 'GET', path: 'artifacts/list', query: { run_id: owner.run_id, path: folder === '' ? undefined : folder, page_token: token }, ...pick(options) })
          : await transport.json({ method: 'GET', path: `logged-models/${encodeURIComponent(owner.model_id)}/artifacts/directories`, query: { artifact_directory_path: folder === '' ? undefined : folder, page_token: token }, ...pick(options) })
      const { files: more, next_page_token: next } = page as { readonly files?: unknown; readonly next_page_token?: unknown }
      if (Array.isArray(more)) files.push(...(more as unknown[]))
      if (typeof next !== 'string' || next === '' || next === token) return entries(files, '', folder)
      token = next
    }
  }

  async function upload(root: ArtifactRoot, path: string, source: UploadSource, options: UploadOptions): Promise<string> {
    const stored = artifactPath(path)
    const location = await find(root, options)
    const opened = await openSource(source)
    const headers = { 'content-type': options.contentType ?? 'application/octet-stream' }
    const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress.bind(options) }
    if (location.kind === 'proxied') {
      const whole = joined(location.path, stored)
      const slash = whole.lastIndexOf('/')
      const sizeThere = async (bound: CallOptions) => (await list(root, parentOf(stored), bound)).find((entry) => entry.path === stored)?.size
      if (opened.size >= configuration.multipart.from && (await offersParts(options))) {
        if (await uploadInParts(transport, whole.slice(0, Math.max(0, slash)), whole.slice(slash + 1), opened, configuration.multipart.partSize, options, sizeThere)) return stored
        partsOffered = false
      }
      await drained(transport.bytes({ method: 'PUT', path: `${proxyRoot}/${encodedPath(whole)}`, headers, body: opened, ...progress, ...pick(options) }))
      return stored
    }
    const own = store(location)
    if (own !== undefined) {
      await own.upload(below(location.uri, stored), opened, options)
      return stored
    }
    const address = await presignedAddress(transport, 'upload', location, stored, options, (cause) => unreachable(location, 'uploaded', cause))
    await drained(transport.bytes({ method: 'PUT', path: address.url, headers: { ...headers, ...address.headers }, body: opened, ...progress, ...pick(options) }))
    return stored
  }

  async function stream(root: ArtifactRoot, path: string, options: CallOptions): Promise<{ readonly size: number | undefined; readonly bytes: AsyncIterable<Uint8Array> }> {
    const stored = artifactPath(path)
    const location = await find(root, options)
    let address: { readonly url: string; readonly headers: { readonly [name: string]: string } }
    if (location.kind === 'proxied') address = { url: `${proxyRoot}/${encodedPath(joined(location.path, stored))}`, headers: {} }
    else {
      const own = store(location)
      if (own !== undefined) {
        if (own.download === undefined) throw unreachable(location, 'downloaded')
        return await own.download(below(location.uri, stored), options)
      }
      address = await presignedAddress(transport, 'download', location, stored, options, (cause) => unreachable(location, 'downloaded', cause))
    }
    // Compressed on the way, the bytes would not be as many as the answer says.
    const answer = await transport.bytes({ method: 'GET', path: address.url, headers: { ...address.headers, 'accept-encoding': 'identity' }, ...pick(options) })
    const length = answer.headers['content-length']
    return { size: length === undefined ? undefined : Number(length), bytes: answer.bytes }
  }

  return {
    list: (root, path, options = {}) => list(root, path, options),
    upload: (root, path, source, options = {}) => upload(root, path, source, options),
    stream: (root, path, options = {}) => stream(root, path, options),
    async download(root, path, options = {}) {
      const most = options.maxBytes ?? gibibyte
      for (let attempt = 1; ; attempt++) {
        const { size, bytes } = await stream(root, path, options)
        try {
          return await gathered(bytes, size, most, path)
        } catch (error) {
          const broken = error instanceof MlflowError && (error.code === 'MLFLOW_UNREACHABLE' || error.code === 'MLFLOW_TIMEOUT')
          if (!broken || attempt === mostDownloads) throw error
        }
      }
    },
    async delete(root, path, options = {}) {
      const stored = artifactPath(path)
      const location = await find(root, options)
      if (location.kind === 'proxied') await drained(transport.bytes({ method: 'DELETE', path: `${proxyRoot}/${encodedPath(joined(location.path, stored))}`, ...pick(options) }))
      else {
        const own = store(location)
        if (own?.delete === undefined) throw unreachable(location, 'deleted')
        await own.delete(below(location.uri, stored), options)
      }
    },
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function pick(options: CallOptions): CallOptions {
  return options.signal === undefined ? {} : { signal: options.signal }
}

async function drained(answer: Promise<{ readonly bytes: AsyncIterable<Uint8Array> }>): Promise<void> {
  for await (const chunk of (await answer).bytes) void chunk
}

async function gathered(bytes: AsyncIterable<Uint8Array>, size: number | undefined, most: number, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let read = 0
  const check = (count: number): void => {
    if (count > most) throw new MlflowError('MLFLOW_LIMIT', `The artefact '${path}' has more than ${most} bytes. Raise maxBytes, or read it as a stream`)
  }
  for await (const chunk of bytes) {
    check(Math.max(size ?? 0, (read += chunk.byteLength)))
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The entries of an answer: their paths are relative to `base`; a file that lists itself is no folder, and has no entries. */
function entries(files: unknown, base: string, folder: string): readonly ArtifactEntry[] {
  if (!Array.isArray(files)) return []
  const found: ArtifactEntry[] = []
  for (const file of files as readonly unknown[]) {
    const { path, is_dir: isDirectory, file_size: size } = (file ?? {}) as { readonly path?: unknown; readonly is_dir?: unknown; readonly file_size?: unknown }
    if (typeof path !== 'string') continue
    // A name that leads elsewhere is none of ours, whatever a server says.
    if (path === '' || path.startsWith('/') || path.includes('\\') || path.split('/').some((name) => name === '..' || name === '.' || name === '')) continue
    // Servers leave out a size of 0.
    found.push({ path: joined(base, path), isDirectory: isDirectory === true, size: isDirectory === true ? undefined : Number(size ?? 0) })
  }
  const [only] = found
  if (found.length === 1 && only?.isDirectory === false && folder !== '' && only.path === folder) return []
  return found.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}
