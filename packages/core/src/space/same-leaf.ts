import type { Scalar } from '../contracts/values.ts'
import type { Leaf, Prior } from './definition.ts'

/** Whether two leaves have the same definition. Called for every parameter of every trial that defines its space by running. */
export function sameLeaf(a: Leaf, b: Leaf): boolean {
  if (a === b) return true
  if (a['.kind'] !== b['.kind']) return false
  if ('values' in a) return 'values' in b && sameList(a.values, b.values) && sameList(a.weights, b.weights)
  return !('values' in b) && a.low === b.low && a.high === b.high && a.scale === b.scale && a.step === b.step && samePrior(a.prior, b.prior)
}

function sameList(a: readonly Scalar[] | undefined, b: readonly Scalar[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((value, index) => value === b[index])
}

function samePrior(a: Prior | undefined, b: Prior | undefined): boolean {
  if (a?.kind === 'normal') return b?.kind === 'normal' && a.mean === b.mean && a.deviation === b.deviation
  if (a?.kind === 'logNormal') return b?.kind === 'logNormal' && a.mu === b.mu && a.sigma === b.sigma
  return b === undefined
}
