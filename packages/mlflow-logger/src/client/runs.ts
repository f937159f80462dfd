import { logBatch } from './batches.ts'
import { appliedIf, checkPageSize, createdOrFound, createdTag, createOnce, firstFound, hasKey, keyTag, pages } from './client-calls.ts'
import { decodeMetric, decodeRun, fields } from './decode.ts'
import { checkView } from './experiments.ts'
import type { Limits } from './limits.ts'
import { logInputs, logOutputs } from './runs-inputs.ts'
import type { Transport } from './transport-types.ts'
import type { CallOptions, Metric, Run, Runs, RunStatus, SearchOptions, View } from './types.ts'
import { checkList, checkOneOf, checkOptionalText, checkPlainTexts, checkText, checkTime, lookedUpNames, refuse } from './values.ts'

const statuses: readonly RunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']
const checkId = (id: unknown) => checkText('The id of a run', id, { max: 256 })

/** Options of a search as JSON, all of them checked. */
export function searchBody(options: SearchOptions, pageSize: { readonly otherwise: number; readonly max: number }): { readonly max_results: number; readonly filter?: string; readonly order_by?: readonly string[] } {
  return {
    ...(options.filter !== undefined && { filter: checkText('filter', options.filter, { min: 0 }) }),
    ...(options.orderBy !== undefined && { order_by: checkList('orderBy', options.orderBy).map((order) => checkText('An entry of orderBy', order)) }),
    max_results: checkPageSize(options.pageSize, pageSize.otherwise, pageSize.max),
  }
}

export function createRuns(transport: Transport, limits: Limits): Runs {
  const post = (path: string, body: object, options: CallOptions, applied?: () => Promise<unknown>) => transport.json({ method: 'POST', path, body, ...options, ...(applied && { applied }) })

  async function get(runId: string, options: CallOptions = {}): Promise<Run> {
    return decodeRun(fields(await transport.json({ method: 'GET', path: 'runs/get', query: { run_id: checkId(runId) }, ...options }), 'the answer to runs/get')['run'], 'run')
  }

  function search(experimentIds: readonly string[], options: SearchOptions & { readonly view?: View } = {}): AsyncIterable<Run> {
    const ids = checkList('experimentIds', experimentIds).map((id) => checkText('The id of an experiment', id))
    const body = { experiment_ids: ids, ...searchBody(options, { otherwise: 1000, max: 50_000 }), run_view_type: checkView(options.view) }
    const { signal } = options
    return pages(transport, (token) => post('runs/search', { ...body, ...(token !== undefined && { page_token: token }) }, signal === undefined ? {} : { signal }), 'runs', decodeRun)
  }

  async function remove(runId: string, options: CallOptions = {}): Promise<void> {
    await post('runs/delete', { run_id: checkId(runId) }, options)
  }

  /** Active runs with a key, in the order in which they were made: by the clocks of those that made them. */
  async function withKey(experimentId: string, storedKey: string, options: CallOptions): Promise<readonly Run[]> {
    const found: Run[] = []
    for await (const run of search([experimentId], { ...options, filter: hasKey(storedKey) })) {
      if (run.tags[keyTag] === storedKey) found.push(run)
    }
    const created = (run: Run) => Number(run.tags[createdTag] ?? run.startTime)
    return found.toSorted((a, b) => created(a) - created(b) || (a.runId < b.runId ? -1 : 1))
  }

  const create: Runs['create'] = async (run, options = {}) => {
    const experimentId = checkText('The id of an experiment', run.experimentId)
    const name = checkOptionalText('The name of a run', run.name, { max: 250 })
    const parent = checkOptionalText('parentRunId', run.parentRunId, { max: 256 })
    const startTime = run.startTime === undefined ? Date.now() : checkTime('startTime', run.startTime)
    const tags = checkPlainTexts('tag', run.tags, 5000, 'runs.log')
    for (const reserved of [keyTag, createdTag]) if (tags.some(({ key }) => key === reserved)) refuse(`The tag '${reserved}' is the client's own`, "Use the option 'key'")
    return await createOnce(run.key, {
      find: async (storedKey) => await withKey(experimentId, storedKey, options),
      create: async (storedKey, applied) => {
        const own = [
          ...(parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]),
          { key: keyTag, value: storedKey },
          ...(run.key === undefined ? [] : [{ key: createdTag, value: String(Date.now()) }]),
        ]
        const body = { experiment_id: experimentId, start_time: startTime, ...(name !== undefined && { run_name: name }), tags: [...tags, ...own] }
        return createdOrFound(await post('runs/create', body, options, applied), (created) => decodeRun(created['run'], 'run'))
      },
      remove: async (extra) => await remove(extra.runId, options),
    })
  }

  const update: Runs['update'] = async (runId, change, options = {}) => {
    const { status, endTime, name } = change
    if (status === undefined && endTime === undefined && name === undefined) refuse('There is nothing to change', 'Give a status, an end time or a name')
    const body = {
      run_id: checkId(runId),
      ...(status !== undefined && { status: checkOneOf('The status of a run', status, statuses) }),
      ...(endTime !== undefined && { end_time: checkTime('endTime', endTime) }),
      ...(name !== undefined && { run_name: checkText('The name of a run', name, { max: 250 }) }),
    }
    await post('runs/update', body, options)
  }

  const log: Runs['log'] = async (runId, batch, options = {}) => await logBatch(transport, limits, checkId(runId), batch, options)

  async function* metricHistory(runId: string, key: string, options: CallOptions & { readonly pageSize?: number } = {}): AsyncGenerator<Metric, void, void> {
    const { pageSize, ...rest } = options
    const query = { run_id: checkId(runId), max_results: checkPageSize(pageSize, 10_000, 50_000) }
    for (const name of lookedUpNames('metric', key)) {
      let any = false
      const points = pages(transport, (token) => transport.json({ method: 'GET', path: 'metrics/get-history', query: { ...query, metric_key: name, page_token: token }, ...rest }), 'metrics', decodeMetric)
      for await (const point of points) {
        any = true
        yield point
      }
      if (any) return
    }
  }

  return {
    create,
    get,
    update,
    search,
    log,
    metricHistory,
    delete: remove,
    async end(runId, status = 'FINISHED', endTime = Date.now(), options = {}) {
      await update(runId, { status, endTime }, options)
    },
    async restore(runId, options = {}) {
      await post('runs/restore', { run_id: checkId(runId) }, options)
    },
    logMetric: async (runId, key, value, point = {}, options = {}) => await log(runId, { metrics: [{ ...point, key, value }] }, options),
    logParam: async (runId, key, value, options = {}) => await log(runId, { params: { [key]: value } }, options),
    setTag: async (runId, key, value, options = {}) => await log(runId, { tags: { [key]: value } }, options),
    async deleteTag(runId, key, options = {}) {
      const id = checkId(runId)
      await firstFound(lookedUpNames('tag', key), async (name) => {
        await post('runs/delete-tag', { run_id: id, key: name }, options, appliedIf(async () => !Object.hasOwn((await get(id, options)).tags, name)))
      })
    },
    async logInputs(runId, inputs, options = {}) {
      await logInputs(transport, checkId(runId), inputs, options)
    },
    async logOutputs(runId, models, options = {}) {
      await logOutputs(transport, checkId(runId), models, options, async () => (await get(runId, options)).outputs.map(({ modelId }) => modelId))
    },
  }
}
