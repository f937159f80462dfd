import { fields, decodeRun } from './decode.ts'
import { MlflowError } from './errors.ts'
import { fitText, perRequest, type LimitedKind, type Limits } from './limits.ts'
import { encodeKey } from './names.ts'
import type { Transport } from './transport-types.ts'
import type { Alteration, Batch, CallOptions, MetricPoint } from './types.ts'
import { checkList, checkPoint, checkTexts, refuse, shown, type CheckedPoint, type CheckedText } from './values.ts'

interface Entry {
  readonly key: string
  readonly value: string | number
}

/** Lists of entries that fit into requests: so many of them, so many bytes. */
export function split<T extends object>(entries: readonly T[], maxEntries: number, maxBytes: number): T[][] {
  const groups: T[][] = []
  let group: T[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry)) + 1
    if (group.length > 0 && (group.length === maxEntries || bytes + size > maxBytes)) {
      groups.push(group)
      group = []
      bytes = 0
    }
    group.push(entry)
    bytes += size
  }
  if (group.length > 0) groups.push(group)
  return groups
}

/** For run id, names of lists and brackets. */
const bodyBytes = perRequest.bytes - 1000

/** Everything of a batch into a run: parameters first, tags last. */
export async function logBatch(transport: Transport, limits: Limits, runId: string, batch: Batch, options: CallOptions): Promise<readonly Alteration[]> {
  for (const name of Object.keys(batch)) if (name !== 'metrics' && name !== 'params' && name !== 'tags') refuse(`A batch has ${shown(name)}, which is nothing that can be logged`, 'It takes metrics, params and tags')
  const points = checkPoints(batch.metrics)
  const params = checkTexts('parameter', batch.params)
  const tags = checkTexts('tag', batch.tags)
  const alterations = pointAlterations(batch.metrics ?? [])
  const post = (body: object) => transport.json({ method: 'POST', path: 'runs/log-batch', body: { run_id: runId, ...body }, ...options })

  const fittedParams = await sendFitted('param', limits, params, options, alterations, async (entries) => {
    const changed: ParamConflict[] = []
    for (const group of split(entries, perRequest.params, bodyBytes)) changed.push(...(await sendParams(transport, runId, group, options, (body) => post(body))))
    return changed
  })
  await sendFitted('tag', limits, tags, options, alterations, async (entries) => {
    await sendPointsAndTags(points, entries, post)
    return []
  })
  if (fittedParams.length > 0) throw paramsChanged(`The run ${runId}`, fittedParams, { runId, alterations })
  return alterations
}

/** Fits texts into the limits, again when the server names lower ones, and adds what that changed. */
export async function sendFitted<T>(kind: LimitedKind, limits: Limits, texts: readonly CheckedText[], options: CallOptions, alterations: Alteration[], send: (entries: readonly { readonly key: string; readonly value: string }[]) => Promise<T>): Promise<T> {
  const longest = texts.reduce((length, { value }) => Math.max(length, value.length), 0)
  for (;;) {
    const limit = await limits.of(kind, longest, options)
    const fitted = texts.map((text) => fitText(kind, text, limit))
    try {
      const result = await send(fitted.map(({ entry }) => entry))
      for (const { alterations: own } of fitted) alterations.push(...own)
      return result
    } catch (error) {
      if (!limits.learn(kind, error)) throw error
    }
  }
}

async function sendPointsAndTags(points: readonly CheckedPoint[], tags: readonly Entry[], post: (body: object) => Promise<unknown>): Promise<void> {
  const metricGroups = split(points, perRequest.metrics, bodyBytes)
  const tagGroups = split(tags, perRequest.tags, bodyBytes)
  // The last metrics and the first tags share a request where they fit.
  const [lastMetrics, firstTags] = [metricGroups.at(-1), tagGroups[0]]
  if (lastMetrics !== undefined && firstTags !== undefined && split([...lastMetrics, ...firstTags], perRequest.entries, bodyBytes).length === 1) {
    metricGroups.pop()
    tagGroups.shift()
    for (const metrics of metricGroups) await post({ metrics })
    await post({ metrics: lastMetrics, tags: firstTags })
  } else {
    for (const metrics of metricGroups) await post({ metrics })
  }
  for (const group of tagGroups) await post({ tags: group })
}

function checkPoints(metrics: readonly MetricPoint[] | undefined): readonly CheckedPoint[] {
  if (metrics === undefined) return []
  const now = Date.now()
  return (checkList('The metrics of a batch', metrics) as readonly MetricPoint[]).map((point) => checkPoint(point, now))
}

function pointAlterations(metrics: readonly MetricPoint[]): Alteration[] {
  const alterations: Alteration[] = []
  const seen = new Set<string>()
  for (const { key, value, step } of metrics) {
    const exact = Object.is(value, -0) ? '-0' : value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? String(value) : undefined
    if (seen.has(key) && exact === undefined) continue
    const storedKey = encodeKey(key)
    if (!seen.has(key) && storedKey !== key) alterations.push({ kind: 'metric', key, storedKey, what: 'renamed' })
    seen.add(key)
    if (exact !== undefined) alterations.push({ kind: 'metric', key, storedKey, what: 'approximated', value: exact, step: step ?? 0 })
  }
  return alterations
}

/** A parameter that has another value already. */
export interface ParamConflict {
  readonly key: string
  readonly stored: string
  readonly given: string
}

export function paramsChanged(where: string, conflicts: readonly ParamConflict[], details: { readonly [key: string]: unknown }): MlflowError {
  const named = conflicts.slice(0, 5).map(({ key, stored, given }) => `${shown(key)} is ${shown(stored)}, not ${shown(given)}`)
  const more = conflicts.length > 5 ? `, and ${conflicts.length - 5} more` : ''
  return new MlflowError('MLFLOW_PARAM_CHANGED', `${where} has other values for ${conflicts.length === 1 ? 'a parameter' : 'parameters'} already: ${named.join('; ')}${more}. MLflow never changes a parameter: log it under another name, as a tag, or into a run of its own`, { details: { ...details, conflicts } })
}

/** Parameters of one request. MLflow refuses all of them for one that has another value: then the others are sent again. */
async function sendParams(transport: Transport, runId: string, group: readonly { readonly key: string; readonly value: string }[], options: CallOptions, post: (body: object) => Promise<unknown>): Promise<readonly ParamConflict[]> {
  try {
    await post({ params: group })
    return []
  } catch (error) {
    if (!(error instanceof MlflowError) || !/changing param values is not allowed/i.test(error.message)) throw error
    const { params } = decodeRun(fields(await transport.json({ method: 'GET', path: 'runs/get', query: { run_id: runId }, ...options }), 'the answer to runs/get')['run'], 'run')
    const conflicts: ParamConflict[] = []
    const rest = group.filter(({ key, value }) => {
      const stored = params[key]
      if (stored === undefined) return true
      if (stored !== value) conflicts.push({ key, stored, given: value })
      return false
    })
    // None differs: another process wrote them in between, and MLflow would refuse them again.
    if (rest.length === group.length) throw error
    return rest.length === 0 ? conflicts : [...conflicts, ...(await sendParams(transport, runId, rest, options, post))]
  }
}
