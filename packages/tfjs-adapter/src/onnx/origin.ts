import { messageOf, tfjsError } from '../error.ts'

/** Which study, trial and parameters a model comes from. */
export interface ExportOrigin {
  readonly study?: string
  readonly trial?: number
  /** Anything that JSON can say. */
  readonly parameters?: unknown
}

/**
 * As the keys `study`, `trial` and `parameters` of a file, the last one as JSON.
 * @throws AttuneError `TFJS_OPTION` for what is no such thing: the file would say nothing, or something else.
 */
export function originMetadata({ study, trial, parameters }: ExportOrigin = {}): Record<string, string> {
  const wrong = (problem: string): Error => tfjsError('TFJS_OPTION', `origin.${problem}.`)
  if (study !== undefined && typeof study !== 'string') throw wrong(`study must be a string, got ${JSON.stringify(study)}`)
  if (trial !== undefined && !(Number.isSafeInteger(trial) && trial >= 0)) throw wrong(`trial is the number of a trial, 0 or more; got ${String(trial)}`)
  return {
    ...(study === undefined ? {} : { study }),
    ...(trial === undefined ? {} : { trial: String(trial) }),
    ...(parameters === undefined ? {} : { parameters: asJson(parameters) }),
  }

  function asJson(value: unknown): string {
    let text: string | undefined
    try {
      text = JSON.stringify(value)
    } catch (cause) {
      throw tfjsError('TFJS_OPTION', `origin.parameters cannot be written as JSON: ${messageOf(cause)}. Give numbers, strings, truth values, lists and objects of these.`, { cause })
    }
    if (text === undefined) throw wrong(`parameters cannot be written as JSON: it is a ${typeof value}`)
    return text
  }
}
