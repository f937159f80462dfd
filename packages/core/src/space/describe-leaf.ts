import type { Leaf, Prior } from './definition.ts'
import { show } from './show.ts'

/** The call that makes this leaf, for messages: `float(0.001, 1, { scale: "log" })`. */
export function describeLeaf(leaf: Leaf): string {
  if ('values' in leaf) {
    const values = leaf.values.map(show)
    if (leaf['.kind'] === 'constant') return `constant(${values.join()})`
    const list = values.length > 12 ? `${values.slice(0, 11).join(', ')}, … ${values.length - 11} more` : values.join(', ')
    const weights = leaf.weights === undefined ? '' : `, { weights: [${leaf.weights.map(show).join(', ')}] }`
    return leaf['.kind'] === 'boolean' ? `boolean(${leaf.weights === undefined ? '' : `{ weight: ${show(leaf.weights[1])} }`})` : `${leaf['.kind']}([${list}]${weights})`
  }
  const options = [
    leaf.scale === 'linear' ? '' : `scale: ${show(leaf.scale)}`,
    leaf.step === undefined || (leaf['.kind'] === 'int' && leaf.step === 1) ? '' : `step: ${show(leaf.step)}`,
    leaf.prior === undefined ? '' : `prior: ${describePrior(leaf.prior)}`,
  ].filter((option) => option !== '')
  return `${leaf['.kind']}(${show(leaf.low)}, ${show(leaf.high)}${options.length === 0 ? '' : `, { ${options.join(', ')} }`})`
}

function describePrior(prior: Prior): string {
  if (prior.kind === 'normal') return `normal(${show(prior.mean)}, ${show(prior.deviation)})`
  return prior.kind === 'logNormal' ? `logNormal(${show(prior.mu)}, ${show(prior.sigma)})` : show(prior)
}
