export { asha, type AshaOptions } from './asha.ts'
export { median } from './median.ts'
export { none } from './none.ts'
export { percentile, type PercentileOptions } from './percentile.ts'
