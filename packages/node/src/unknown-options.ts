import { AttuneError } from '@attune/core'

/** Refuses options that do not exist: a misspelt one would silently leave the default in force. Throws OPTION. */
export function refuseUnknownOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', `The options of ${what} must be an object, not ${String(options)}.`)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new AttuneError('OPTION', `${what} has no option "${name}". Its options are: ${known.join(', ')}.`, { details: { option: name } })
  }
}
