import { tfjsError } from '../error.ts'

export function dataError(problem: string, cause?: unknown): Error {
  return tfjsError('TFJS_DATA', `${problem}.`, cause === undefined ? {} : { cause })
}
