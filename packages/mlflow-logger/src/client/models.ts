import { paramsChanged, sendFitted, split, type ParamConflict } from './batches.ts'
import { appliedIf, checkPageSize, createdOrFound, createOnce, firstFound, hasCode, hasKey, keyTag, pages } from './client-calls.ts'
import { decodeLoggedModel, fields } from './decode.ts'
import { perRequest, type Limits } from './limits.ts'
import type { Transport } from './transport-types.ts'
import type { Alteration, CallOptions, LoggedModel, LoggedModels } from './types.ts'
import { checkList, checkOneOf, checkOptionalText, checkPlainTexts, checkText, checkTexts, lookedUpNames, refuse, shown } from './values.ts'

function checkId(id: unknown): string {
  const text = checkText('The id of a logged model', id, { max: 256 })
  if (isPath(text)) refuse(`The id of a logged model is ${shown(text)}, which would be another address`, 'Give it as the server did, as in m-1f2e')
  return text
}

/** No encoding keeps these from being taken for steps in an address. */
const isPath = (segment: string) => segment === '.' || segment === '..'

const pathOf = (modelId: string, rest = '') => `logged-models/${encodeURIComponent(checkId(modelId))}${rest}`

function checkName(name: unknown): string {
  const text = checkText('The name of a logged model', name, { max: 250 })
  const forbidden = /[/:.%"']/.exec(text)
  if (forbidden !== null) refuse(`The name of a logged model (${shown(text)}) holds '${forbidden[0]}'`, `MLflow forbids / : . % " and '; use - or _ instead`)
  return text
}

export function createLoggedModels(transport: Transport, limits: Limits): LoggedModels {
  async function get(modelId: string, options: CallOptions = {}): Promise<LoggedModel> {
    const answer = await transport.json({ method: 'GET', path: pathOf(modelId), ...options })
    return decodeLoggedModel(fields(answer, 'the answer to logged-models')['model'], 'model')
  }

  const search: LoggedModels['search'] = (experimentIds, options = {}) => {
    const { filter, orderBy, pageSize, ...rest } = options
    const body = {
      experiment_ids: checkList('experimentIds', experimentIds).map((id) => checkText('The id of an experiment', id)),
      ...(filter !== undefined && { filter: checkText('filter', filter, { min: 0 }) }),
      ...(orderBy !== undefined && {
        order_by: checkList('orderBy', orderBy).map((order) => {
          const { field, ascending } = order as { readonly field: string; readonly ascending?: boolean }
          return { field_name: checkText('The field of an order', field), ascending: ascending !== false }
        }),
      }),
      max_results: checkPageSize(pageSize, 50, 1000),
    }
    return pages(transport, (token) => transport.json({ method: 'POST', path: 'logged-models/search', body: { ...body, ...(token !== undefined && { page_token: token }) }, ...rest }), 'models', decodeLoggedModel)
  }

  /** Of a model that could be read before: a server with users answers 403 for one that is gone. */
  async function isGone(modelId: string, options: CallOptions): Promise<boolean> {
    try {
      await get(modelId, options)
      return false
    } catch (error) {
      if (hasCode(error, 'MLFLOW_NOT_FOUND') || hasCode(error, 'MLFLOW_FORBIDDEN')) return true
      throw error
    }
  }

  async function remove(modelId: string, options: CallOptions = {}): Promise<void> {
    await get(modelId, options)
    await transport.json({ method: 'DELETE', path: pathOf(modelId), ...options, applied: appliedIf(async () => await isGone(modelId, options)) })
  }

  const create: LoggedModels['create'] = async (model, options = {}) => {
    const experimentId = checkText('The id of an experiment', model.experimentId)
    const name = checkName(model.name)
    const modelType = checkOptionalText('modelType', model.modelType, { min: 0, max: 500 })
    const sourceRunId = checkOptionalText('sourceRunId', model.sourceRunId, { max: 256 })
    const params = checkPlainTexts('parameter', model.params, 6000, 'models.logParams')
    const tags = checkPlainTexts('tag', model.tags, 5000, 'models.setTags')
    if (tags.some(({ key }) => key === keyTag)) refuse(`The tag '${keyTag}' is the client's own`, "Use the option 'key'")
    return await createOnce(model.key, {
      find: async (storedKey) => {
        const found: LoggedModel[] = []
        for await (const candidate of search([experimentId], { ...options, filter: hasKey(storedKey) })) if (candidate.tags[keyTag] === storedKey) found.push(candidate)
        return found.toSorted((a, b) => a.createdAt - b.createdAt || (a.modelId < b.modelId ? -1 : 1))
      },
      create: async (storedKey, applied) => {
        const body = { experiment_id: experimentId, name, ...(modelType !== undefined && { model_type: modelType }), ...(sourceRunId !== undefined && { source_run_id: sourceRunId }), params, tags: [...tags, { key: keyTag, value: storedKey }] }
        return createdOrFound(await transport.json({ method: 'POST', path: 'logged-models', body, ...options, applied }), (created) => decodeLoggedModel(created['model'], 'model'))
      },
      remove: async (extra) => {
        try {
          await remove(extra.modelId, options)
        } catch (error) {
          // Whoever else settles the key has removed it.
          if (!(await isGone(extra.modelId, options))) throw error
        }
      },
    })
  }

  /** The server refuses a parameter that it has, with all others of the request: so only those that are missing are sent. */
  async function sendParams(modelId: string, entries: readonly { readonly key: string; readonly value: string }[], options: CallOptions): Promise<readonly ParamConflict[]> {
    for (let round = 0; ; round++) {
      const { params } = await get(modelId, options)
      const missing = entries.filter(({ key }) => !Object.hasOwn(params, key))
      const conflicts = entries.flatMap(({ key, value }) => (Object.hasOwn(params, key) && params[key] !== value ? [{ key, stored: params[key]!, given: value }] : []))
      try {
        for (const group of split(missing, perRequest.params, perRequest.bytes - 1000)) {
          const applied = appliedIf(async () => {
            const now = (await get(modelId, options)).params
            return group.every(({ key, value }) => now[key] === value)
          })
          await transport.json({ method: 'POST', path: pathOf(modelId, '/params'), body: { model_id: modelId, params: group }, ...options, applied })
        }
        return conflicts
      } catch (error) {
        // Another process logged one of them in between.
        if (round === 2 || !hasCode(error, 'MLFLOW_INVALID') || !/unique|duplicate|integrity/i.test(error.message)) throw error
      }
    }
  }

  return {
    create,
    get,
    search,
    delete: remove,
    async finalize(modelId, status, options = {}) {
      const body = { model_id: checkId(modelId), status: `LOGGED_MODEL_${checkOneOf('The status of a logged model', status, ['READY', 'UPLOAD_FAILED'])}` }
      return decodeLoggedModel(fields(await transport.json({ method: 'PATCH', path: pathOf(modelId), body, ...options }), 'the answer to logged-models')['model'], 'model')
    },
    async setTags(modelId, tags, options = {}) {
      const alterations: Alteration[] = []
      await sendFitted('tag', limits, checkTexts('tag', tags), options, alterations, async (entries) => {
        for (const group of split(entries, perRequest.tags, perRequest.bytes - 1000)) await transport.json({ method: 'PATCH', path: pathOf(modelId, '/tags'), body: { model_id: modelId, tags: group }, ...options })
      })
      return alterations
    },
    async deleteTag(modelId, key, options = {}) {
      await firstFound(lookedUpNames('tag', key).filter((name) => !isPath(name)), async (name) => {
        if (name.includes('/')) refuse(`The tag ${shown(name)} of a logged model holds a slash, and MLflow has no way to delete such a one`, 'Set it to an empty text instead')
        await transport.json({ method: 'DELETE', path: pathOf(modelId, `/tags/${encodeURIComponent(name)}`), ...options, applied: appliedIf(async () => !Object.hasOwn((await get(modelId, options)).tags, name)) })
      })
    },
    async logParams(modelId, params, options = {}) {
      const alterations: Alteration[] = []
      const conflicts = await sendFitted('param', limits, checkTexts('parameter', params), options, alterations, async (entries) => await sendParams(checkId(modelId), entries, options))
      if (conflicts.length > 0) throw paramsChanged(`The logged model ${modelId}`, conflicts, { modelId, alterations })
      return alterations
    },
  }
}
