import { createArtifacts } from './artifacts.ts'
import { resolveConfiguration } from './configuration.ts'
import { createExperiments } from './experiments.ts'
import { createLimits } from './limits.ts'
import { createLoggedModels } from './models.ts'
import type { ConnectionOptions } from './options.ts'
import { createRegistry } from './registry.ts'
import { createRuns } from './runs.ts'
import { readServer } from './server.ts'
import { createTransport } from './transport.ts'
import type { MlflowClient } from './types.ts'

/**
 * A client of the REST interface of an MLflow server, from 1.30 on; calls that a server is too old for throw `MLFLOW_ENDPOINT`. What the options
 * leave out comes from the variables and files that MLflow's own client reads. Nothing is sent before the first call; `close` (or `await using`) frees
 * connections.
 *
 * Throws `MLFLOW_URI` and `MLFLOW_CONFIG` for settings that are wrong; every call throws `MlflowError` with a code of docs/errors.md.
 * What a server would store wrongly is refused before it is sent (`MLFLOW_INVALID`).
 */
export function mlflowClient(options: ConnectionOptions = {}): MlflowClient {
  const configuration = resolveConfiguration(options)
  const transport = createTransport(configuration)
  const limits = createLimits(transport)
  const close = async () => await transport.close()
  return {
    trackingUri: transport.trackingUri,
    experiments: createExperiments(transport, limits),
    runs: createRuns(transport, limits),
    models: createLoggedModels(transport, limits),
    registry: createRegistry(transport.registry),
    artifacts: createArtifacts(transport, configuration),
    server: async (callOptions) => await readServer(transport, callOptions),
    close,
    [Symbol.asyncDispose]: close,
  }
}
