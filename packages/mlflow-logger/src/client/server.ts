import { fields } from './decode.ts'
import { MlflowError } from './errors.ts'
import { readVersion } from './limits.ts'
import type { Transport } from './transport-types.ts'
import type { CallOptions, ServerInfo } from './types.ts'
import { serverInfoPath } from './workspace.ts'

const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)

/** What a server says of itself. Throws only where it cannot be reached or does not let us in. */
export async function readServer(transport: Transport, options: CallOptions = {}): Promise<ServerInfo> {
  const version = await readVersion(transport, options)
  let info: { readonly [key: string]: unknown } = {}
  try {
    info = fields(await transport.json({ method: 'GET', path: serverInfoPath, ...options }), 'the answer to server-info')
  } catch (error) {
    // Servers before 3.0 have no such call.
    if (!(error instanceof MlflowError) || !['MLFLOW_ENDPOINT', 'MLFLOW_NOT_FOUND', 'MLFLOW_UNSUPPORTED'].includes(error.code)) throw error
  }
  return { version, multipartUploads: flag(info['multipart_uploads_enabled']), workspaces: flag(info['workspaces_enabled']) }
}
