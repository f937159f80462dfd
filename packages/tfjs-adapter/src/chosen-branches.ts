import { oneOf, type Definition, type OneOf } from '@attune/core'
import { settingError } from './setting-range.ts'

/**
 * Of these branches the ones that were named, or all.
 * @throws AttuneError `TFJS_OPTION` for a name that is none of them, or no names.
 */
export function chosenBranches(what: string, branches: { readonly [name: string]: Definition }, names: readonly string[] = Object.keys(branches)): OneOf {
  const unknown = names.find((name) => !Object.hasOwn(branches, name))
  if (unknown !== undefined) throw settingError(what, `"${unknown}" is not one of ${Object.keys(branches).join(', ')}`)
  if (names.length === 0) throw settingError(what, 'an empty list leaves nothing to search')
  return oneOf(Object.fromEntries(names.map((name): [string, Definition] => [name, branches[name]!])))
}
