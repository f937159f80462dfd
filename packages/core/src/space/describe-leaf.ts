import type { Leaf, Prior } from './definition.ts'
import { show } from './show.ts'

/** The call that makes this leaf, for messages: `float(0.001, 1, { scale: "log" })`. */
export function describeLeaf(leaf: Leaf): string {
  if ('values' in leaf) {
    const values = leaf.values.map((value) => JSON.stringify(value))
    if (leaf['.kind'] === 'constant') return `constant(${values.join()})`
    const list = values.length > 12 ? `${values.slice(0, 11).join(', ')}, … ${values.length - 11} more` : values.join(', ')
    const weights = leaf.weights === undefined ? '' : `, { weights: [${leaf.weights.join(', ')}] }`
    return leaf['.kind'] === 'boolean' ? `boolean(${leaf.weights === undefined ? '' : `{ weight: ${leaf.weights[1]} }`})` : `${leaf['.kind']}([${list}]${weights})`
  }
  const options = [
    leaf.scale === 'linear' ? '' : `scale: ${JSON.stringify(leaf.scale)}`,
    leaf.step === undefined || (leaf['.kind'] === 'int' && leaf.step === 1) ? '' : `step: ${leaf.step}`,
    leaf.prior === undefined ? '' : `prior: ${describePrior(leaf.prior)}`,
  ].filter((option) => option !== '')
  return `${leaf['.kind']}(${leaf.low}, ${leaf.high}${options.length === 0 ? '' : `, { ${options.join(', ')} }`})`
}

function describePrior(prior: Prior): string {
  if (prior.kind === 'normal') return `normal(${prior.mean}, ${prior.deviation})`
  return prior.kind === 'logNormal' ? `logNormal(${prior.mu}, ${prior.sigma})` : show(prior)
}
