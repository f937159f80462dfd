import type { MetricPoint, Texts } from '../client/types.ts'
import type { RunWrites } from './writes.ts'

/** What goes to MLflow in a few calls; artefacts and inputs go their own way. */
export type RunValues = Omit<RunWrites, 'artifacts' | 'inputs'>

/** Many writes to one run as one: later ones count. */
export interface MergedValues {
  readonly name: string | undefined
  readonly metrics: readonly MetricPoint[]
  readonly params: Texts
  readonly tags: Texts
  readonly removedTags: readonly string[]
  readonly status: RunWrites['status']
}

/**
 * How many of the writes, from the first on, go together: as many metrics as one request may have, and no parameter with two values, of which
 * MLflow keeps the first.
 */
export function countTogether(writes: readonly RunValues[], mostMetrics: number): number {
  const params = new Map<string, string>()
  let metrics = 0
  for (const [i, write] of writes.entries()) {
    metrics += write.metrics?.length ?? 0
    if (i > 0 && metrics > mostMetrics) return i
    for (const [key, value] of Object.entries(write.params ?? {})) {
      if (i > 0 && (params.get(key) ?? String(value)) !== String(value)) return i
      params.set(key, String(value))
    }
  }
  return writes.length
}

export function mergeWrites(writes: readonly RunValues[]): MergedValues {
  const tags = new Map<string, string | number | boolean>()
  const removed = new Set<string>()
  for (const write of writes) {
    for (const key of write.removedTags ?? []) {
      tags.delete(key)
      removed.add(key)
    }
    for (const [key, value] of Object.entries(write.tags ?? {})) {
      removed.delete(key)
      tags.set(key, value)
    }
  }
  return {
    name: writes.findLast(({ name }) => name !== undefined)?.name,
    metrics: writes.flatMap(({ metrics }) => metrics ?? []),
    params: Object.fromEntries(writes.flatMap(({ params }) => Object.entries(params ?? {}))),
    tags: Object.fromEntries(tags),
    removedTags: [...removed],
    status: writes.findLast(({ status }) => status !== undefined)?.status,
  }
}

export function hasValues({ name, metrics, params, tags, removedTags, status }: RunValues): boolean {
  return name !== undefined || status !== undefined || [metrics, removedTags].some((list) => list !== undefined && list.length > 0) || [params, tags].some((texts) => texts !== undefined && Object.keys(texts).length > 0)
}

/** Bytes that a write keeps in memory, about. */
export function sizeOf({ metrics = [], params = {}, tags = {}, artifacts = [] }: RunWrites): number {
  const texts = (all: Texts): number => Object.entries(all).reduce((sum, [key, value]) => sum + 2 * key.length + (typeof value === 'string' ? 2 * value.length : 8) + 64, 0)
  const contents = artifacts.reduce((sum, { content }) => sum + (typeof content === 'function' ? 64 : content.length * (typeof content === 'string' ? 2 : 1)), 0)
  return 200 + metrics.length * 120 + texts(params) + texts(tags) + contents
}
