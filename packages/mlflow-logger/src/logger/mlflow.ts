import type { LoggerFactory } from '@attune/core'
import { mlflowClient } from '../client/index.ts'
import { MlflowLogger } from './mlflow-logger.ts'
import { resolveOptions, type MlflowOptions } from './options.ts'

/**
 * Logs a study to MLflow: a run for the study, and below it a run for each trial from the moment it starts, with its parameters and curves. A
 * study that is resumed goes on in its runs; of several processes on one study, one logs. The server may be slow, away or come back later: no
 * trial waits for it, and nothing is lost or written twice.
 * Throws MLFLOW_URI without a tracking URI, MLFLOW_OPTION and MLFLOW_CONFIG.
 */
export function mlflow(options: MlflowOptions = {}): LoggerFactory {
  const { settings, connection } = resolveOptions(options)
  return {
    specVersion: 'v1',
    id: 'mlflow',
    shared: true,
    create: async (context) => {
      const logger = new MlflowLogger(mlflowClient(connection), settings, context)
      await logger.start()
      return logger
    },
  }
}
