import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { MlflowError } from './errors.ts'
import type { UploadSource } from './types.ts'

export interface Upload {
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
}

/** Pieces in which bytes in memory are handed on, so that progress is told and none is sent after an abort. */
const piece = 256 * 1024

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += piece) yield bytes.subarray(start, start + piece)
}

export function uploadOf(bytes: Uint8Array): Upload {
  return { size: bytes.byteLength, stream: () => pieces(bytes) }
}

/** What is to be uploaded, with its size, as a stream that can be begun anew. Throws `MLFLOW_SOURCE` for a file that cannot be read. */
export async function openSource(source: UploadSource): Promise<Upload> {
  if (typeof source === 'string') return uploadOf(Buffer.from(source))
  if (source instanceof Uint8Array) return uploadOf(source)
  if ('file' in source) {
    const { file } = source
    const found = await stat(file).catch((error: unknown) => {
      throw new MlflowError('MLFLOW_SOURCE', `The file to upload cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    })
    if (!found.isFile()) throw new MlflowError('MLFLOW_SOURCE', `${file} is no file. Upload the files of a folder one by one`)
    return { size: found.size, stream: () => createReadStream(file, { highWaterMark: piece }) }
  }
  if (!Number.isSafeInteger(source.size) || source.size < 0 || typeof source.stream !== 'function') throw new MlflowError('MLFLOW_SOURCE', 'What is to be uploaded has to be bytes, a text, { file }, or { size, stream } with its exact size in bytes')
  return source
}
