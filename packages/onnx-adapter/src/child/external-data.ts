import { isAbsolute, win32 } from 'node:path'
import { NotContained, readContainedFile } from '../contained-file.ts'
import type { SessionSettings } from '../protocol.ts'
import { Failure } from './failure.ts'

/** A file of weights, under the name that the model has for it. */
export interface ExternalFile {
  readonly path: string
  readonly data: Uint8Array
}

/**
 * Reads the files that a model refers to. All of them are handed to the runtime, which would otherwise look for them in the
 * current folder. Throws ONNX_EXTERNAL_DATA or ONNX_TOO_LARGE.
 */
export async function readExternalFiles(files: readonly string[], modelBytes: number, { externalDirectory, maxModelBytes }: SessionSettings): Promise<readonly ExternalFile[]> {
  if (files.length === 0) return []
  if (externalDirectory === undefined) {
    throw new Failure('ONNX_EXTERNAL_DATA', `The model keeps weights in other files (${files.slice(0, 3).map((file) => JSON.stringify(file)).join(', ')}), which are not opened unless externalData names their directory. Or save it as one file: onnx.save_model(model, path, save_as_external_data=False).`)
  }
  const read: ExternalFile[] = []
  let left = maxModelBytes - modelBytes
  for (const path of files) {
    if (path === '' || path.includes('\0') || isAbsolute(path) || win32.isAbsolute(path) || path.split(/[/\\]/).includes('..')) {
      throw new Failure('ONNX_EXTERNAL_DATA', `The model keeps weights in ${JSON.stringify(path)}: only files inside "${externalDirectory}" are read, by relative paths without "..".`)
    }
    try {
      const data = await readContainedFile(path, externalDirectory, left)
      left -= data.length
      read.push({ path, data })
    } catch (cause) {
      if (!(cause instanceof NotContained)) throw cause
      if (cause.tooLarge) throw new Failure('ONNX_TOO_LARGE', `The model and its external data have more than ${maxModelBytes} bytes: raise "maxModelBytes" if you trust them.`, { cause })
      throw new Failure('ONNX_EXTERNAL_DATA', `The external data "${path}" ${cause.message}.`, { cause })
    }
  }
  return read
}
