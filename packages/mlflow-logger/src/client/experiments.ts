import { appliedIf, checkPageSize, createdOrFound, createOnce, firstFound, hasCode, keyTag, pages } from './client-calls.ts'
import { sendFitted } from './batches.ts'
import { decodeExperiment, fields, identifier } from './decode.ts'
import type { Limits } from './limits.ts'
import type { Transport } from './transport-types.ts'
import type { Alteration, CallOptions, Experiment, Experiments, View } from './types.ts'
import { checkList, checkOneOf, checkOptionalText, checkPlainTexts, checkText, checkTexts, lookedUpNames } from './values.ts'

const viewTypes: { readonly [view in View]: string } = { active: 'ACTIVE_ONLY', deleted: 'DELETED_ONLY', all: 'ALL' }

export function checkView(view: unknown): string {
  return view === undefined ? viewTypes.active : viewTypes[checkOneOf('view', view, ['active', 'deleted', 'all'])]
}

const checkName = (name: unknown) => checkText('The name of an experiment', name, { max: 500 })
const checkId = (id: unknown) => checkText('The id of an experiment', id, { max: 64 })

export function createExperiments(transport: Transport, limits: Limits): Experiments {
  const post = (path: string, body: object, options: CallOptions, applied?: () => Promise<unknown>) => transport.json({ method: 'POST', path, body, ...options, ...(applied && { applied }) })

  async function get(experimentId: string, options: CallOptions = {}): Promise<Experiment> {
    const answer = await transport.json({ method: 'GET', path: 'experiments/get', query: { experiment_id: checkId(experimentId) }, ...options })
    return decodeExperiment(fields(answer, 'the answer to experiments/get')['experiment'], 'experiment')
  }

  async function find(name: string, options: CallOptions = {}): Promise<Experiment | undefined> {
    try {
      const answer = await transport.json({ method: 'GET', path: 'experiments/get-by-name', query: { experiment_name: checkName(name) }, ...options })
      return decodeExperiment(fields(answer, 'the answer to experiments/get-by-name')['experiment'], 'experiment')
    } catch (error) {
      if (hasCode(error, 'MLFLOW_NOT_FOUND')) return undefined
      throw error
    }
  }

  const create: Experiments['create'] = async (experiment, options = {}) => {
    const name = checkName(experiment.name)
    const tags = checkPlainTexts('tag', experiment.tags, 5000, 'experiments.setTags')
    const artifactLocation = checkOptionalText('artifactLocation', experiment.artifactLocation, { max: 2048 })
    // The name is unique on the server; the key only tells whether it was this call that took it.
    return await createOnce(undefined, {
      find: async (key) => {
        const existing = await find(name, options)
        return existing?.tags[keyTag] === key ? [existing] : []
      },
      create: async (key, applied) => {
        const body = { name, ...(artifactLocation !== undefined && { artifact_location: artifactLocation }), tags: [...tags, { key: keyTag, value: key }] }
        const answer = await post('experiments/create', body, options, applied)
        return await createdOrFound(answer, async (created) => await get(identifier(created['experiment_id'], 'experiment_id'), options))
      },
      remove: async () => undefined,
    })
  }

  const isIn = (experimentId: string, stage: Experiment['lifecycleStage'], options: CallOptions) => appliedIf(async () => (await get(experimentId, options)).lifecycleStage === stage)

  async function restore(experimentId: string, options: CallOptions = {}): Promise<void> {
    await post('experiments/restore', { experiment_id: checkId(experimentId) }, options, isIn(experimentId, 'active', options))
  }

  return {
    get,
    find,
    create,
    restore,
    async ensure(name, experiment = {}, options = {}) {
      // Others may create, delete and restore it meanwhile; each round then finds what they left.
      for (let round = 0; ; round++) {
        try {
          const existing = await find(name, options)
          if (existing === undefined) return await create({ ...experiment, name }, options)
          if (existing.lifecycleStage === 'active') return existing
          await restore(existing.experimentId, options)
        } catch (error) {
          if (round === 5 || !(hasCode(error, 'MLFLOW_EXISTS') || hasCode(error, 'MLFLOW_NOT_FOUND'))) throw error
        }
      }
    },
    async rename(experimentId, name, options = {}) {
      await post('experiments/update', { experiment_id: checkId(experimentId), new_name: checkName(name) }, options)
    },
    async delete(experimentId, options = {}) {
      await post('experiments/delete', { experiment_id: checkId(experimentId) }, options, isIn(experimentId, 'deleted', options))
    },
    async setTags(experimentId, tags, options = {}) {
      const id = checkId(experimentId)
      const alterations: Alteration[] = []
      for (const tag of checkTexts('tag', tags)) {
        await sendFitted('experimentTag', limits, [tag], options, alterations, async ([entry]) => await post('experiments/set-experiment-tag', { experiment_id: id, ...entry }, options))
      }
      return alterations
    },
    async deleteTag(experimentId, key, options = {}) {
      const id = checkId(experimentId)
      await firstFound(lookedUpNames('tag', key), async (name) => {
        await post('experiments/delete-experiment-tag', { experiment_id: id, key: name }, options, appliedIf(async () => !Object.hasOwn((await get(id, options)).tags, name)))
      })
    },
    search(options = {}) {
      const { filter, orderBy, pageSize, view, ...rest } = options
      const body = { ...(filter !== undefined && { filter: checkText('filter', filter, { min: 0 }) }), ...(orderBy !== undefined && { order_by: checkList('orderBy', orderBy).map((order) => checkText('An entry of orderBy', order)) }), max_results: checkPageSize(pageSize, 1000, 50_000), view_type: checkView(view) }
      return pages(transport, (token) => post('experiments/search', { ...body, ...(token !== undefined && { page_token: token }) }, rest), 'experiments', decodeExperiment)
    },
  }
}
