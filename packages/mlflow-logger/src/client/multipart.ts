import { MlflowError } from './errors.ts'
import { encodedPath } from './artifact-path.ts'
import type { Transport } from './transport-types.ts'
import type { CallOptions, UploadOptions } from './types.ts'
import { uploadOf, type Upload } from './upload-source.ts'

interface Credential {
  readonly url: string
  readonly part_number: number
  readonly headers: { readonly [name: string]: string }
}

/** Of S3. */
const mostParts = 10_000
/** Parts under way at once; each is in memory until it is sent. */
const atOnce = 4

const callsRoot = '/api/2.0/mlflow-artifacts/mpu'

function credentialsOf(answer: unknown, parts: number): { readonly uploadId: string | undefined; readonly credentials: readonly Credential[] } | undefined {
  const { upload_id: uploadId, credentials } = answer as { readonly upload_id?: unknown; readonly credentials?: unknown }
  if (!Array.isArray(credentials) || credentials.length !== parts) return undefined
  const read: Credential[] = []
  // Whole numbers of 64 bits are texts in the JSON of some versions.
  for (const credential of credentials as readonly unknown[]) {
    const { url, part_number: number, headers } = (credential ?? {}) as { readonly url?: unknown; readonly part_number?: unknown; readonly headers?: unknown }
    if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !URL.canParse(url) || !Number.isSafeInteger(Number(number ?? 'none'))) return undefined
    const known = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)] as const)
    read.push({ url, part_number: Number(number), headers: Object.fromEntries(known) })
  }
  return { uploadId: typeof uploadId === 'string' && uploadId !== '' ? uploadId : undefined, credentials: read.toSorted((a, b) => a.part_number - b.part_number) }
}

/** Cuts a stream into parts of `size` bytes; the last one may be smaller. */
async function* partsOf(upload: Upload, size: number): AsyncGenerator<Uint8Array> {
  let part = Buffer.allocUnsafe(Math.min(size, upload.size))
  let filled = 0
  let read = 0
  for await (const chunk of upload.stream()) {
    read += chunk.byteLength
    if (read > upload.size) throw new MlflowError('MLFLOW_SOURCE', `What is to be uploaded has more than the ${upload.size} bytes it was said to have`)
    for (let at = 0; at < chunk.byteLength;) {
      const taken = Math.min(chunk.byteLength - at, part.byteLength - filled)
      part.set(chunk.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < part.byteLength) continue
      yield part
      part = Buffer.allocUnsafe(Math.min(size, upload.size - read + chunk.byteLength - at))
      filled = 0
    }
  }
  if (read < upload.size) throw new MlflowError('MLFLOW_SOURCE', `What is to be uploaded has fewer than the ${upload.size} bytes it was said to have`)
}

/**
 * Uploads in parts, each straight to the storage by a URL that the server signs; our credentials stay with the server. Answers false,
 * with nothing sent, where the server's storage knows no parts. An upload that fails is given up on the server too. `sizeThere` looks at what is stored.
 */
export async function uploadInParts(transport: Transport, folder: string, name: string, upload: Upload, partSize: number, options: UploadOptions, sizeThere: (options: CallOptions) => Promise<number | undefined>): Promise<boolean> {
  const size = Math.max(partSize, Math.ceil(upload.size / mostParts))
  const count = Math.ceil(upload.size / size)
  const { signal } = options
  const post = (step: string, body: object, bound: AbortSignal | undefined, applied?: (options: CallOptions) => Promise<unknown>) => transport.json({ method: 'POST', path: `${callsRoot}/${step}/${encodedPath(folder)}`, body, ...(bound !== undefined && { signal: bound }), ...(applied && { applied }) })
  const before = await sizeThere(signal === undefined ? {} : { signal })
  let created: unknown
  try {
    created = await post('create', { path: name, num_parts: count }, signal)
  } catch (error) {
    if (error instanceof MlflowError && (error.code === 'MLFLOW_UNSUPPORTED' || error.code === 'MLFLOW_ENDPOINT')) return false
    throw error
  }
  const granted = credentialsOf(created, count)
  if (granted === undefined) throw new MlflowError('MLFLOW_ANSWER', `${transport.trackingUri} did not give ${count} addresses to upload the parts of ${folder}/${name} to. Raise multipartFrom to upload it in one piece`)
  const identity = { path: name, ...(granted.uploadId !== undefined && { upload_id: granted.uploadId }) }

  const failed = new AbortController()
  const bound = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const underWay = new Set<Promise<void>>()
  try {
    const etags: string[] = []
    let sent = 0
    let problem: { readonly error: unknown } | undefined
    const send = async (credential: Credential, index: number, bytes: Uint8Array) => {
      let reported = 0
      const answer = await transport.bytes({
        method: 'PUT',
        path: credential.url,
        headers: credential.headers,
        body: uploadOf(bytes),
        signal: bound,
        onProgress: (now) => {
          // An attempt that is repeated begins at 0 again; what was reported stands.
          sent += Math.max(0, now - reported)
          reported = Math.max(reported, now)
          options.onProgress?.(sent, upload.size)
        },
      })
      for await (const chunk of answer.bytes) void chunk
      etags[index] = answer.headers['etag'] ?? ''
    }
    let index = 0
    for await (const bytes of partsOf(upload, size)) {
      const at = index++
      const task: Promise<void> = send(granted.credentials[at]!, at, bytes)
        .catch((error: unknown) => {
          problem ??= { error }
          failed.abort()
        })
        .finally(() => underWay.delete(task))
      underWay.add(task)
      if (underWay.size >= atOnce) await Promise.race(underWay)
      if (problem !== undefined) break
    }
    await Promise.all(underWay)
    if (problem !== undefined) throw problem.error
    const parts = granted.credentials.map((credential, at) => ({ part_number: credential.part_number, etag: etags[at] ?? '', url: credential.url }))
    // A storage knows an upload no more once it is joined. What had this very size before tells nothing.
    await post('complete', { ...identity, parts }, signal, async (bounds) => (before !== upload.size && (await sizeThere(bounds)) === upload.size ? {} : undefined))
    return true
  } catch (error) {
    failed.abort()
    // A part that arrives after the end would be kept.
    await Promise.all(underWay)
    // Given up by the server too, or the parts are kept, and paid for. Also when the caller has given up, so without its signal.
    const abandoned = await post('abort', identity, AbortSignal.timeout(10_000)).then(() => undefined, (problem: unknown) => (problem instanceof Error ? problem : new Error('unknown', { cause: problem })))
    if (abandoned === undefined || !(error instanceof MlflowError)) throw error
    const { status, call, mlflowCode } = error
    const why = abandoned.message
    throw new MlflowError(error.code, `${error.message}. The parts that were sent remain in the storage, because giving them up failed too: ${why}`, { ...(status !== undefined && { status }), ...(call !== undefined && { call }), ...(mlflowCode !== undefined && { mlflowCode }), cause: error })
  }
}
