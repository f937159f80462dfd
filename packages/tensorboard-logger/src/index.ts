export { tensorboard } from './tensorboard.ts'
export type { TensorBoardOptions } from './tensorboard.ts'
