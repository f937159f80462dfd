import { MlflowError } from './errors.ts'
import type { JsonCall } from './transport-types.ts'
import type { CallOptions } from './types.ts'

export const serverInfoPath = '/api/3.0/mlflow/server-info'

/**
 * Before the first call with a workspace: a server that knows none stores some things in its only place, as if nothing had been named, and fails
 * at others. Throws `MLFLOW_CONFIG`, as MLflow's own client refuses.
 */
export function workspaceCheck(workspace: string, server: string, ask: (call: JsonCall) => Promise<unknown>): (options: CallOptions) => Promise<void> {
  let known = false
  return async ({ signal }) => {
    if (known) return
    // The second name is that of older servers.
    for (const path of [serverInfoPath, '/api/3.0/mlflow/server-features']) {
      try {
        const info = await ask({ method: 'GET', path, ...(signal !== undefined && { signal }) })
        known = (info as { readonly workspaces_enabled?: unknown }).workspaces_enabled === true
        break
      } catch (error) {
        if (!(error instanceof MlflowError) || error.code !== 'MLFLOW_ENDPOINT') throw error
      }
    }
    if (known) return
    throw new MlflowError('MLFLOW_CONFIG', `${server} has no workspaces, and one is named: '${workspace}'. Start the server with --enable-workspaces, or leave out the option 'workspace' and MLFLOW_WORKSPACE. If it has them, check the path of the tracking URI`)
  }
}
