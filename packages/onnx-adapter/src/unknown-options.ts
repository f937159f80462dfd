import { nearestName } from '@attune/core'
import { invalidOption } from './errors.ts'

/** Names of options; keys of a record, so that the compiler sees to it that none is missing. */
export type OptionNames<Options> = { readonly [name in keyof Options]-?: true }

/** Refuses options that do not exist: a misspelt one would leave the default in force without a word. Throws ONNX_OPTION. */
export function refuseUnknownOptions(what: string, given: object, known: { readonly [name: string]: true }): void {
  if (typeof given !== 'object' || given === null) throw invalidOption(`The options of ${what} are an object, got ${String(given)}.`)
  const names = Object.keys(known)
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const nearest = nearestName(unknown, names)
  throw invalidOption(`${what} has no option "${unknown}".${nearest === undefined ? ` It has ${names.join(', ')}.` : ` Did you mean "${nearest}"?`}`, { option: unknown })
}
