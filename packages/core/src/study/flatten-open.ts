import type { FlatParams, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'

/** Parameters of a space that is not known yet, by path. Throws PARAMS for what no parameter can be. */
export function flattenOpen(params: unknown): FlatParams {
  const flat: { [path: string]: Scalar } = {}
  const visit = (value: unknown, path: string): void => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') flat[path] = value
    else if (typeof value === 'object' && !Array.isArray(value)) for (const [name, item] of Object.entries(value)) visit(item, path === '' ? name : `${path}.${name}`)
    else throw new AttuneError('PARAMS', `'${path}' is of type ${Array.isArray(value) ? 'array' : typeof value}: give a number, a text, a boolean or null.`, { details: { path } })
  }
  if (typeof params !== 'object' || params === null) throw new AttuneError('PARAMS', 'Give the parameters as an object.')
  visit(params, '')
  return flat
}
