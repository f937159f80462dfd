export { exp } from './math/exponential.ts'
export { log } from './math/logarithm.ts'
export { normalCdf, normalQuantile } from './math/normal.ts'
