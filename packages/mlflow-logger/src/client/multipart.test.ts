import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { createArtifacts } from './artifacts.ts'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { silent, startHostile, type Behaviour, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'

/** An MLflow server over a storage that takes parts, and that storage, on another origin. */
interface Pair extends AsyncDisposable {
  readonly mlflow: HostileServer
  readonly storage: HostileServer
  /** What was completed, by path. */
  readonly files: Map<string, Buffer>
  readonly given: { offered: boolean; part?: Behaviour; abort?: number; loseJoined?: true; credentials?: unknown }
  readonly most: { together: number }
}

async function startPair(): Promise<Pair> {
  const mlflow = await startHostile()
  const storage = await startHostile()
  const files = new Map<string, Buffer>()
  const parts = new Map<string, Map<number, Buffer>>()
  const given: Pair['given'] = { offered: true }
  const most = { together: 0 }
  let together = 0
  mlflow.answer(async (request, response, body) => {
    const path = decodeURIComponent(new URL(request.url!, mlflow.url).pathname)
    const sent = (await body()).toString()
    const say = (status: number, value: unknown) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    const step = /\/mlflow-artifacts\/mpu\/(create|complete|abort)\/(.*)$/.exec(path)
    if (path.endsWith('/server-info')) return say(200, { multipart_uploads_enabled: given.offered })
    if (request.method === 'GET' && path.endsWith('/mlflow-artifacts/artifacts')) {
      const folder = `${new URL(request.url!, mlflow.url).searchParams.get('path')}/`
      return say(200, { files: [...files].filter(([file]) => file.startsWith(folder)).map(([file, bytes]) => ({ path: file.slice(folder.length), is_dir: false, file_size: bytes.byteLength })) })
    }
    if (step === null) {
      files.set(path.replace('/api/2.0/mlflow-artifacts/artifacts/', ''), Buffer.from(sent))
      return say(200, {})
    }
    const message = JSON.parse(sent) as { readonly path: string; readonly num_parts: number; readonly upload_id: string; readonly parts: readonly { readonly part_number: number; readonly etag: string }[] }
    const whole = `${step[2]}/${message.path}`
    if (step[1] === 'create') {
      if (!given.offered) return say(501, { error_code: 'NOT_IMPLEMENTED', message: 'Multipart upload is not supported for the current artifact repository' })
      parts.set('upload-1', new Map())
      // The storage is in no hurry to list the parts in order.
      const credentials = Array.from({ length: message.num_parts }, (_, index) => ({ url: `${storage.url}/bucket/${whole}?partNumber=${index + 1}&X-Amz-Signature=signed`, part_number: index + 1, headers: { 'x-part': String(index + 1) } })).toReversed()
      return say(200, { upload_id: 'upload-1', credentials: given.credentials ?? credentials })
    }
    const sentParts = parts.get(message.upload_id)
    if (step[1] === 'complete' && sentParts === undefined) return say(500, { error_code: 'INTERNAL_ERROR', message: 'NoSuchUpload' })
    if (step[1] === 'abort') {
      parts.delete(message.upload_id)
      return say(given.abort ?? 200, given.abort === undefined ? {} : { error_code: 'INVALID_PARAMETER_VALUE', message: 'no such upload' })
    }
    for (const { part_number: number, etag } of message.parts) if (etag !== `"etag-${number}"` || !sentParts!.has(number)) return say(400, { error_code: 'INVALID_PARAMETER_VALUE', message: 'InvalidPart' })
    files.set(whole, Buffer.concat(message.parts.map(({ part_number: number }) => sentParts!.get(number)!)))
    parts.delete(message.upload_id)
    if (given.loseJoined === true) return void response.socket!.resetAndDestroy()
    return say(200, {})
  })
  storage.answer(async (request, response, body) => {
    most.together = Math.max(most.together, ++together)
    const number = Number(new URL(request.url!, storage.url).searchParams.get('partNumber'))
    const failing = given.part
    if (failing !== undefined) {
      together--
      delete given.part
      return await failing(request, response, body)
    }
    const bytes = await body()
    parts.get('upload-1')?.set(number, bytes)
    together--
    response.writeHead(200, { etag: `"etag-${number}"` }).end()
  })
  return {
    mlflow, storage, files, given, most,
    async [Symbol.asyncDispose]() {
      await mlflow[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  }
}

const mebibyte = 2 ** 20
let pair: Pair
const transports: Transport[] = []
beforeEach(async () => {
  pair = await startPair()
})
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  await pair[Symbol.asyncDispose]()
})
function artifacts(options: ConnectionOptions = {}) {
  const configuration = resolveConfiguration({ trackingUri: pair.mlflow.url, token: 'canary-token', multipartFrom: 6 * mebibyte, partSize: 5 * mebibyte, backoffFactor: 0, backoffJitter: 0, ...options }, { HOME: '/nonexistent' })
  const transport = createTransport(configuration)
  transports.push(transport)
  return createArtifacts(transport, configuration)
}
const root = { uri: 'mlflow-artifacts:/0/run/artifacts' }
const steps = () => pair.mlflow.requests.map(({ method, url }) => `${method} ${decodeURIComponent(url.replace(/^\/api\/[0-9.]+\//, ''))}`)
/** Bytes that tell their place. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index += 4) bytes.writeUInt32LE(index, index > size - 4 ? size - 4 : index)
  return bytes
}

describe('an upload in parts', () => {
  it('cuts the file, sends the parts to their addresses, and has them joined in order', async () => {
    const bytes = bytesOf(23 * mebibyte + 123)
    const told: number[] = []
    // Pieces of a size of their own, as a stream has them.
    const source = { size: bytes.byteLength, async *stream() { for (let at = 0; at < bytes.byteLength; at += 1_234_567) yield bytes.subarray(at, at + 1_234_567) } }
    expect(await artifacts().upload(root, 'model dir/weights ü.bin', source, { onProgress: (sent) => told.push(sent) })).toBe('model dir/weights ü.bin')
    expect(pair.files.get('0/run/artifacts/model dir/weights ü.bin')!.equals(bytes)).toBe(true)
    expect(steps()).toEqual(['GET mlflow/server-info', 'GET mlflow-artifacts/artifacts?path=0/run/artifacts/model+dir', 'POST mlflow-artifacts/mpu/create/0/run/artifacts/model dir', 'POST mlflow-artifacts/mpu/complete/0/run/artifacts/model dir'])
    expect(pair.storage.requests).toHaveLength(5)
    expect(pair.most.together).toBeLessThanOrEqual(4)
    expect(told.at(-1)).toBe(bytes.byteLength)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  })

  it('keeps our credentials from the storage, and sends it the headers that the server gave', async () => {
    await artifacts().upload(root, 'a.bin', bytesOf(6 * mebibyte))
    expect(pair.mlflow.requests.every(({ headers }) => headers.authorization === 'Bearer canary-token')).toBe(true)
    expect(JSON.stringify(pair.storage.requests.map(({ rawHeaders, url }) => [rawHeaders, url]))).not.toContain('canary')
    expect(pair.storage.requests.map(({ headers }) => headers['content-type'])).toEqual([undefined, undefined])
    expect(pair.storage.requests.map(({ headers }) => headers['x-part'])).toEqual(expect.arrayContaining(['1', '2']))
  })

  it.each([5 * mebibyte, 10 * mebibyte, 10 * mebibyte - 1, 10 * mebibyte + 1])('cuts %i bytes without an empty part', async (size) => {
    const bytes = bytesOf(size)
    await artifacts({ multipartFrom: 1 }).upload(root, 'a.bin', bytes)
    expect(pair.files.get('0/run/artifacts/a.bin')!.equals(bytes)).toBe(true)
    expect(pair.storage.requests).toHaveLength(Math.ceil(size / (5 * mebibyte)))
  })

  it('repeats a part that failed, and counts it once', async () => {
    pair.given.part = (_request, response) => void response.socket!.resetAndDestroy()
    const bytes = bytesOf(6 * mebibyte)
    const told: number[] = []
    await artifacts().upload(root, 'a.bin', bytes, { onProgress: (sent) => told.push(sent) })
    expect(pair.files.get('0/run/artifacts/a.bin')!.equals(bytes)).toBe(true)
    expect(pair.storage.requests).toHaveLength(3)
    expect(told.at(-1)).toBe(bytes.byteLength)
  })

  it('gives the upload up on the server where a part is refused, and says which', async () => {
    pair.given.part = async (_request, response, body) => {
      await body()
      response.writeHead(403, { 'content-type': 'application/xml' }).end('<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>')
    }
    const error: unknown = await artifacts().upload(root, 'a.bin', bytesOf(6 * mebibyte)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'MLFLOW_STORAGE', status: 403 })
    expect((error as Error).message).toMatch(/AccessDenied Request has expired.*may have expired/)
    expect((error as Error).message).not.toContain('signed')
    expect(steps().at(-1)).toBe('POST mlflow-artifacts/mpu/abort/0/run/artifacts')
    expect(pair.files.size).toBe(0)
  })

  it('gives it up also where it is ended, or its source breaks', async () => {
    const ended = new AbortController()
    pair.given.part = () => ended.abort()
    await expect(artifacts().upload(root, 'a.bin', bytesOf(6 * mebibyte), { signal: ended.signal })).rejects.toMatchObject({ code: 'MLFLOW_ABORTED' })
    expect(steps().at(-1)).toMatch(/mpu\/abort/)
    for (const stream of [async function* () { yield bytesOf(5 * mebibyte) }, async function* () { yield bytesOf(8 * mebibyte) }]) {
      await expect(artifacts().upload(root, 'b.bin', { size: 7 * mebibyte, stream })).rejects.toMatchObject({ code: 'MLFLOW_SOURCE' })
      expect(steps().at(-1)).toMatch(/mpu\/abort/)
    }
    expect(pair.files.size).toBe(0)
  })

  it('ends the parts under way where the source breaks, before it gives the upload up', async () => {
    pair.given.part = silent
    const stream = async function* () {
      yield bytesOf(5 * mebibyte)
      await expect.poll(() => pair.storage.requests.length).toBe(1)
      throw new Error('disk')
    }
    await expect(artifacts().upload(root, 'a.bin', { size: 7 * mebibyte, stream })).rejects.toThrow(/disk/)
    await expect.poll(() => pair.storage.sockets.size).toBe(0)
    expect(steps().at(-1)).toMatch(/mpu\/abort/)
  })

  it('is done where only the answer to the last call is lost, if that can be told', async () => {
    pair.given.loseJoined = true
    const bytes = bytesOf(6 * mebibyte)
    expect(await artifacts().upload(root, 'deep/a.bin', bytes)).toBe('deep/a.bin')
    expect(pair.files.get('0/run/artifacts/deep/a.bin')!.equals(bytes)).toBe(true)
    expect(steps().filter((step) => step.includes('/mpu/'))).toEqual(['POST mlflow-artifacts/mpu/create/0/run/artifacts/deep', 'POST mlflow-artifacts/mpu/complete/0/run/artifacts/deep'])
    // A file of this size was there before: it may be the old one.
    await expect(artifacts({ maxRetries: 1 }).upload(root, 'deep/a.bin', bytes)).rejects.toThrow(/NoSuchUpload/)
  })

  it('says that parts remain where giving up fails too', async () => {
    pair.given.part = async (_request, response, body) => {
      await body()
      response.writeHead(400).end('bad')
    }
    pair.given.abort = 400
    await expect(artifacts().upload(root, 'a.bin', bytesOf(6 * mebibyte))).rejects.toThrow(/with 400.*parts that were sent remain in the storage.*no such upload/)
  })

  it('is not begun for small files, and never where the server does not offer it', async () => {
    await artifacts().upload(root, 'small.bin', 'x')
    expect(steps()).toEqual(['PUT mlflow-artifacts/artifacts/0/run/artifacts/small.bin'])
    pair.given.offered = false
    const client = artifacts()
    await client.upload(root, 'a.bin', bytesOf(6 * mebibyte))
    await client.upload(root, 'b.bin', bytesOf(6 * mebibyte))
    expect(steps().slice(1)).toEqual(['GET mlflow/server-info', 'PUT mlflow-artifacts/artifacts/0/run/artifacts/a.bin', 'PUT mlflow-artifacts/artifacts/0/run/artifacts/b.bin'])
  })

  it.each<unknown>([[[]], [[null, null]], [[{ url: 'file:///etc/passwd', part_number: 1 }, { url: 'javascript:x', part_number: 2 }]], [[{ part_number: 1 }, {}]], [[{ url: 'http://x' }, { url: 'http://x' }]]])('takes no address that is none: %#', async (credentials) => {
    pair.given.credentials = credentials
    const error: unknown = await artifacts().upload(root, 'a.bin', bytesOf(6 * mebibyte)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MlflowError)
    expect(error).toMatchObject({ code: 'MLFLOW_ANSWER' })
    expect(pair.storage.requests).toHaveLength(0)
  })

  it.skipIf(missingPython !== undefined)(`sends and reads the messages of MLflow itself (${missingPython ?? 'installed'})`, async () => {
    // What MLflow's own code writes for these addresses is what we are given, and it reads what we send.
    const { url } = pair.storage
    pair.given.credentials = (runPython(`
import json
from mlflow.entities.multipart_upload import CreateMultipartUploadResponse, MultipartUploadCredential
from mlflow.utils.proto_json_utils import message_to_json
answer = CreateMultipartUploadResponse(upload_id='upload-1', credentials=[MultipartUploadCredential(url=f'${url}/b?partNumber={n}', part_number=n, headers={'x-part': str(n)}) for n in (1, 2)])
print(message_to_json(answer.to_proto()))`) as { readonly credentials: unknown }).credentials
    const bytes = bytesOf(6 * mebibyte)
    await artifacts().upload(root, 'dir/a.bin', bytes)
    expect(pair.files.get('0/run/artifacts/dir/a.bin')!.equals(bytes)).toBe(true)
    pair.given.part = async (_request, response, body) => {
      await body()
      response.writeHead(400).end()
    }
    await artifacts().upload(root, 'dir/b.bin', bytes).catch(() => undefined)
    const sent = pair.mlflow.requests.filter(({ url: path }) => path.includes('/mpu/')).map(({ url: path, body }) => [/mpu\/(\w+)/.exec(path)![1], body.toString()])
    expect(sent.map(([step]) => step)).toEqual(['create', 'complete', 'create', 'abort'])
    const read = runPython(
      `
import json, sys
from google.protobuf.json_format import Parse, MessageToDict
from mlflow.protos.mlflow_artifacts_pb2 import AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload
kinds = {'create': CreateMultipartUpload, 'complete': CompleteMultipartUpload, 'abort': AbortMultipartUpload}
print(json.dumps([MessageToDict(Parse(text, kinds[step](), ignore_unknown_fields=False), preserving_proto_field_name=True) for step, text in json.load(sys.stdin)]))`,
      Buffer.from(JSON.stringify(sent)),
    )
    const parts = [1, 2].map((number) => ({ part_number: String(number), etag: `"etag-${number}"`, url: `${url}/b?partNumber=${number}` }))
    expect(read).toMatchObject([{ path: 'a.bin', num_parts: '2' }, { path: 'a.bin', upload_id: 'upload-1', parts }, { path: 'b.bin' }, { path: 'b.bin', upload_id: 'upload-1' }])
  })
})
