export { grid, type GridOptions } from './grid/grid.ts'
export type { GridPoints } from './grid/grid-values.ts'
export { hypervolume, hypervolumeContributions } from './hypervolume/hypervolume.ts'
export { tpe, type TpeOptions } from './tpe/tpe.ts'
