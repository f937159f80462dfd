import { MlflowError } from './errors.ts'
import type { Transport } from './transport-types.ts'
import type { Alteration, CallOptions } from './types.ts'
import type { CheckedText } from './values.ts'

/** What MLflow takes in one request. */
export const perRequest = { metrics: 1000, params: 100, tags: 100, entries: 1000, bytes: 1_000_000 } as const

/** Values whose length servers limit, each in its own way. */
export type LimitedKind = 'param' | 'tag' | 'experimentTag'

/** The shortest limit of any server since 1.0: values up to it are sent without asking. */
const always: { readonly [kind in LimitedKind]: number } = { param: 250, tag: 5000, experimentTag: 5000 }
const current: { readonly [kind in LimitedKind]: number } = { param: 6000, tag: 8000, experimentTag: 20_000 }

/** Characters that values may have on a server of a version, as `mlflow/utils/validation.py` of 1.27 to 3.17 has them. Newer servers cut what is longer without a word. */
function limitsOf(version: string): { readonly [kind in LimitedKind]: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const since = (wantedMajor: number, wantedMinor: number) => major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  return {
    param: since(2, 8) ? current.param : since(1, 28) ? 500 : always.param,
    tag: since(2, 17) ? current.tag : always.tag,
    experimentTag: since(3, 0) ? current.experimentTag : always.experimentTag,
  }
}

/** `GET /version`, undefined where there is no such thing (Databricks). */
export async function readVersion(transport: Transport, options: CallOptions = {}): Promise<string | undefined> {
  try {
    const version = (await transport.text({ method: 'GET', path: '/version', ...options })).trim()
    return /^\d+\.\d+\S{0,40}$/.test(version) ? version : undefined
  } catch (error) {
    if (error instanceof MlflowError && ['MLFLOW_ENDPOINT', 'MLFLOW_NOT_FOUND', 'MLFLOW_FORBIDDEN', 'MLFLOW_ANSWER', 'MLFLOW_INVALID'].includes(error.code)) return undefined
    throw error
  }
}

/** How long values may be on one server: by its version, and by what it has refused. */
export interface Limits {
  /** Characters (UTF-16 units). Asks for the version the first time that `longest` is more than some server keeps. */
  of(kind: LimitedKind, longest: number, options?: CallOptions): Promise<number>
  /** Whether a refusal named a limit below the one that was known. */
  learn(kind: LimitedKind, error: unknown): boolean
}

export function createLimits(transport: Transport): Limits {
  const learned: { [kind in LimitedKind]: number } = { ...current }
  let version: string | undefined
  let asked = false
  return {
    async of(kind, longest, options) {
      if (longest <= Math.min(always[kind], learned[kind])) return learned[kind]
      if (!asked) {
        version = await readVersion(transport, options)
        asked = true
      }
      return Math.min(learned[kind], version === undefined ? current[kind] : limitsOf(version)[kind])
    },
    learn(kind, error) {
      if (!(error instanceof MlflowError) || error.code !== 'MLFLOW_INVALID') return false
      const limit = Number(/(?:length limit of|maximum length of) (\d+)/.exec(error.message)?.[1] ?? Number.NaN)
      if (!(limit < learned[kind])) return false
      learned[kind] = limit
      return true
    },
  }
}

/** The first characters of a text that is too long, and a mark at its end that says how long it was. */
export function truncate(value: string, limit: number): string {
  if (value.length <= limit) return value
  const mark = `… [cut: ${value.length} characters]`
  const kept = Math.max(limit - mark.length, 0)
  // Never half of a surrogate pair.
  return `${value.slice(0, kept).toWellFormed().replace(/\uFFFD$/u, '')}${mark}`.slice(0, limit)
}

/** A text as servers keep it, and what that changes. */
export function fitText(kind: LimitedKind, checked: CheckedText, limit: number): { readonly entry: { readonly key: string; readonly value: string }; readonly alterations: readonly Alteration[] } {
  const { key, storedKey, value } = checked
  const about = { kind: kind === 'param' ? 'param' : 'tag', key, storedKey } as const
  const alterations: Alteration[] = []
  if (key !== storedKey) alterations.push({ ...about, what: 'renamed' })
  const replaced = value.toWellFormed().replaceAll('\0', '\uFFFD')
  if (replaced !== value) alterations.push({ ...about, what: 'replaced', value })
  const kept = truncate(replaced, limit)
  if (kept !== replaced) alterations.push({ ...about, what: 'truncated', value })
  return { entry: { key: storedKey, value: kept }, alterations }
}
