import type { Location } from './artifact-root.ts'
import { MlflowError } from './errors.ts'
import type { Transport } from './transport-types.ts'
import type { CallOptions } from './types.ts'

/** A URL of the storage itself, which the server has signed for one file, and the headers that belong to it. */
export async function presignedAddress(
  transport: Transport,
  way: 'upload' | 'download',
  location: Location & { readonly kind: 'direct' },
  path: string,
  options: CallOptions,
  unreachable: (cause?: unknown) => MlflowError,
): Promise<{ readonly url: string; readonly headers: { readonly [name: string]: string } }> {
  const { owner, scheme } = location
  // Servers sign downloads for runs alone, and nothing for their own folders.
  if (owner === undefined || scheme === 'file' || scheme === 'mlflow-artifacts' || (way === 'download' && !('run_id' in owner))) throw unreachable()
  const bound = options.signal === undefined ? {} : { signal: options.signal }
  const answer = await transport.json({ method: 'POST', path: `artifacts/presigned-${way}-url`, body: { ...owner, path }, ...bound }).catch((error: unknown) => {
    const refused = error instanceof MlflowError && (error.code === 'MLFLOW_UNSUPPORTED' || error.code === 'MLFLOW_ENDPOINT' || error.code === 'MLFLOW_INVALID')
    throw refused ? unreachable(error) : error
  })
  const { presigned_url: url, headers } = answer as { readonly presigned_url?: unknown; readonly headers?: unknown }
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !URL.canParse(url)) throw unreachable(new MlflowError('MLFLOW_ANSWER', `${transport.trackingUri} gave no address of the storage`))
  return { url, headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])) }
}
