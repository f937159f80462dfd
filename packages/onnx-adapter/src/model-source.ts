import { open, realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { isAttuneError, type Artifact } from '@attune/core'
import { onnxError } from './errors.ts'

/** A file in a folder that is named beside it, so that no path from elsewhere reads other files. */
export interface ModelFile {
  /** Relative to the directory, or absolute and inside it. */
  readonly path: string
  /** The one directory that may be read from; links out of it are refused. */
  readonly directory: string
}

/** An ONNX model: what a training left behind, the bytes of a file, or a file. */
export type ModelSource = Artifact | Uint8Array | ModelFile

/** protobuf, and with it a model in one file, ends there. */
const maxModelBytes = 2 ** 31 - 1

/** The bytes of a model. Rejects with ONNX_MODEL, ONNX_PATH, or what the artefact rejects with if it cannot become ONNX. */
export async function readModelBytes(source: ModelSource): Promise<Uint8Array> {
  const bytes = source instanceof Uint8Array ? source : 'directory' in source ? await readContained(source) : await (source.kind === 'onnx' ? source : await source.as('onnx')).bytes()
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw onnxError('ONNX_MODEL', 'The model is empty: there are no bytes.')
  return bytes
}

async function readContained({ path, directory }: ModelFile): Promise<Uint8Array> {
  const details = { path, directory }
  if (typeof path !== 'string' || typeof directory !== 'string' || path.includes('\0') || directory === '') throw onnxError('ONNX_PATH', 'A model file needs { path, directory }, both strings.', details)
  try {
    const root = await realpath(directory)
    const file = await realpath(resolve(root, path))
    const inside = relative(root, file)
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw onnxError('ONNX_PATH', `"${path}" is not in "${directory}": only models of that directory are read.`, details)
    await using handle = await open(file, 'r')
    const { size, isRegular } = await handle.stat().then((stats) => ({ size: stats.size, isRegular: stats.isFile() }))
    if (!isRegular) throw onnxError('ONNX_PATH', `"${path}" is no file.`, details)
    if (size > maxModelBytes) throw onnxError('ONNX_PATH', `"${path}" has ${size} bytes; a model in one file has at most ${maxModelBytes}.`, details)
    return await handle.readFile()
  } catch (error) {
    if (isAttuneError(error)) throw error
    throw onnxError('ONNX_PATH', `"${path}" in "${directory}" cannot be read: ${error instanceof Error ? error.message : String(error)}.`, details, error)
  }
}
