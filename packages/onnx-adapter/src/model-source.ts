import type { Artifact } from '@attune/core'
import { NotContained, readContainedFile } from './contained-file.ts'
import { invalidOption, onnxError } from './errors.ts'

/** A file in a folder that is named beside it, so that no path from elsewhere reads other files. */
export interface ModelFile {
  /** Relative to the directory, or absolute and inside it. */
  readonly path: string
  /** The one directory that may be read from; links out of it are refused. */
  readonly directory: string
}

/** An ONNX model: what a training left behind, the bytes of a file, or a file. */
export type ModelSource = Artifact | Uint8Array | ModelFile

/** The bytes of a model. Rejects with ONNX_MODEL, ONNX_TOO_LARGE, ONNX_PATH, ONNX_OPTION for what is no source, or what the artefact rejects with if it cannot become ONNX. */
export async function readModelBytes(source: ModelSource, maxModelBytes: number): Promise<Uint8Array> {
  const bytes = await readSource(source, maxModelBytes)
  if (!(bytes instanceof Uint8Array)) throw onnxError('ONNX_MODEL', `The artefact of the model gave ${typeof bytes === 'object' ? 'an object' : JSON.stringify(bytes)} instead of bytes: bytes() answers a Uint8Array.`)
  if (bytes.length === 0) throw onnxError('ONNX_MODEL', 'The model is empty: there are no bytes.')
  if (bytes.length > maxModelBytes) throw tooLarge(`The model has ${bytes.length} bytes, more than the limit of ${maxModelBytes}`, { bytes: bytes.length, maxModelBytes })
  return bytes
}

async function readSource(source: ModelSource, maxModelBytes: number): Promise<unknown> {
  if (source instanceof Uint8Array) return source
  if (typeof source === 'object' && source !== null) {
    if (!('bytes' in source)) {
      if ('path' in source || 'directory' in source) return readFile(source, maxModelBytes)
    } else if (typeof source.bytes === 'function' && typeof source.as === 'function') return (source.kind === 'onnx' ? source : await source.as('onnx')).bytes()
  }
  const given = typeof source === 'string' ? `${JSON.stringify(source)}; as a file: { path: ${JSON.stringify(source)}, directory: '.' }` : typeof source === 'object' && source !== null ? 'an object of another kind' : String(source)
  throw invalidOption(`A model is an artefact, a Uint8Array, or a file { path, directory }, got ${given}.`)
}

async function readFile({ path, directory }: ModelFile, maxModelBytes: number): Promise<Uint8Array> {
  const details = { path, directory }
  if (typeof path !== 'string' || typeof directory !== 'string' || path.includes('\0') || directory === '') throw onnxError('ONNX_PATH', 'A model file needs { path, directory }, both strings.', details)
  try {
    return await readContainedFile(path, directory, maxModelBytes)
  } catch (error) {
    if (!(error instanceof NotContained)) throw error
    if (error.tooLarge) throw tooLarge(`"${path}" ${error.message}`, details)
    throw onnxError('ONNX_PATH', `"${path}" in "${directory}" ${error.message}.`, details, error)
  }
}

function tooLarge(problem: string, details: { readonly [key: string]: unknown }): Error {
  return onnxError('ONNX_TOO_LARGE', `${problem}. Raise "maxModelBytes" (at most 1 GiB), or keep the weights in files of their own and name their directory in "externalData".`, details)
}
