import { AttuneError } from '@attune/core'

/** Throws OPTION for what is no object of options, and for an option that a sampler does not have: passed over in silence, a misspelt one would cost a whole study. */
export function checkKnown(sampler: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw new AttuneError('OPTION', `${sampler}() takes its options as an object, as in ${sampler}({ ${String(known[0])}: … }), not ${JSON.stringify(options)}.`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new AttuneError('OPTION', `${sampler}() has no option "${unknown}". Its options are: ${known.join(', ')}.`, { details: { name: unknown } })
}
