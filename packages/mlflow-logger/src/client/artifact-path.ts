import { MlflowError } from './errors.ts'

/** Bytes of one name, as file systems have it. */
const longestName = 255

/** Servers decode `%` twice and refuse `#`: their full-width twins look alike and are left alone. */
const replaced: readonly (readonly [string, string])[] = [['#', '＃'], ['%', '％']]

/**
 * The path that an artefact is stored under. Folders are parted by `/`; `#` and `%` become `＃` and `％`; everything else that is not refused
 * stays. Throws `MLFLOW_ARTIFACT_PATH` for what would lie elsewhere or could not be read back.
 */
export function artifactPath(path: string): string {
  const refuse = (why: string): never => {
    throw new MlflowError('MLFLOW_ARTIFACT_PATH', `The artefact path ${JSON.stringify(path)} ${why}. Use names parted by '/', as in 'model/model.onnx'`, { details: { path } })
  }
  if (typeof path !== 'string' || path === '') return refuse('is empty')
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) refuse('has control characters')
  if (path.includes('\\')) refuse('has a backslash')
  if (!path.isWellFormed()) refuse('is no whole Unicode text')
  for (const name of path.split('/')) {
    if (name === '') refuse('begins or ends with a slash, or has two in a row')
    if (name === '.' || name === '..') refuse(`has '${name}' as a name`)
    if (Buffer.byteLength(name) > longestName) refuse(`has a name of more than ${longestName} bytes`)
  }
  return replaced.reduce((text, [from, to]) => text.replaceAll(from, to), path)
}

/** The path as a URL has it. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

export function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/')
}
