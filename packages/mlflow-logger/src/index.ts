export { mlflow } from './logger/mlflow.ts'
export type { MlflowOptions, ModelOptions } from './logger/options.ts'
