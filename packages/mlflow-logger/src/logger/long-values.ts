import { isAttuneError } from '@attune/core'
import type { Alteration } from '../client/types.ts'
import type { LaneParts } from './run-lane.ts'
import type { RunTarget } from './study-runs.ts'
import type { Upload } from './upload-lane.ts'

const path = 'attune/long-values.json'

interface LongValues {
  readonly params: { readonly [key: string]: string }
  readonly tags: { readonly [key: string]: string }
}

/** Keeps whole what MLflow has cut or changed: all of it, by the names it was given under, as an artefact of the run. */
export function longValuesUpload({ client, signal }: LaneParts, target: RunTarget, revision: number, alterations: readonly Alteration[]): Upload | undefined {
  const changed = alterations.filter(({ kind, value, what }) => kind !== 'metric' && value !== undefined && what !== 'approximated')
  if (changed.length === 0) return undefined
  const valuesOf = (wanted: Alteration['kind']): { readonly [key: string]: string } => Object.fromEntries(changed.flatMap(({ kind, key, value }) => (kind === wanted && value !== undefined ? [[key, value]] : [])))
  return {
    revision,
    size: changed.reduce((sum, { value = '' }) => sum + 2 * value.length, 0),
    target,
    what: `the artefact "${path}"`,
    async send(runId) {
      const before = await client.artifacts.download({ runId }, path, { signal }).then(read, (error: unknown) => {
        if (isAttuneError(error, 'MLFLOW_NOT_FOUND')) return undefined
        throw error
      })
      const all: LongValues = { params: { ...before?.params, ...valuesOf('param') }, tags: { ...before?.tags, ...valuesOf('tag') } }
      await client.artifacts.upload({ runId }, path, `${JSON.stringify(all, null, 2)}\n`, { signal })
    },
  }
}

/** What stands there already. A file that is none of ours is replaced. */
function read(bytes: Uint8Array): Partial<LongValues> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
