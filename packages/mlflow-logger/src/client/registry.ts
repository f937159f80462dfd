import { appliedIf, createdOrFound, createOnce, hasCode, hasKey, keyTag, pages } from './client-calls.ts'
import { decodeModelVersion, decodeRegisteredModel, fields } from './decode.ts'
import { searchBody } from './runs.ts'
import type { JsonCall, Transport } from './transport-types.ts'
import type { CallOptions, ModelVersion, RegisteredModel, Registry, SearchOptions } from './types.ts'
import { checkOptionalText, checkPlainTexts, checkText, refuse, shown } from './values.ts'

const maxTag = 100_000
const checkDescription = (description: unknown) => checkText('The description', description, { min: 0, max: 5000 })

function checkModelName(name: unknown): string {
  const text = checkText('The name of a registered model', name, { max: 256 })
  if (text.trim() === '') refuse('The name of a registered model is blank', 'Give it a name')
  if (/[/:]/.test(text)) refuse(`The name of a registered model (${shown(text)}) holds / or :`, 'Use . or - instead')
  if (text === '.' || text.startsWith('..')) refuse(`The name of a registered model (${shown(text)}) would be another folder`, 'Do not begin it with dots')
  return text
}

function checkVersion(version: unknown): string {
  const text = checkText('The version of a model', version)
  if (!/^\d{1,18}$/.test(text)) refuse(`The version of a model is ${shown(text)}, and has to be a whole number as a text`, 'Find the version of an alias by findVersionByAlias')
  return text
}

function checkAlias(alias: unknown): string {
  const text = checkText('An alias', alias, { max: 255 })
  if (!/^[\p{L}\p{N}_-]+$/u.test(text)) refuse(`The alias ${shown(text)} holds other characters than letters, digits, - and _`, 'Leave them out')
  if (/^latest$/i.test(text) || /^v\d+$/i.test(text)) refuse(`MLflow reserves the alias ${shown(text)}`, 'Choose another, as champion')
  return text
}

/** The name of a tag that is stored as it is. */
function checkTag(key: unknown, value: unknown): { readonly key: string; readonly value: string } {
  const text = checkText('The value of a tag', value, { min: 0 })
  return checkPlainTexts('tag', { [checkText('The name of a tag', key)]: text }, maxTag, 'encodeKey')[0]!
}

/** Registered models, their versions and aliases, on the server that has them. */
export function createRegistry(transport: Transport): Registry {
  const call = (method: JsonCall['method'], path: string, body: object, options: CallOptions, applied?: () => Promise<unknown>) => transport.json({ method, path, body, ...options, ...(applied && { applied }) })
  const modelIn = (answer: unknown) => decodeRegisteredModel(fields(answer, 'the answer to registered-models')['registered_model'], 'registered_model')
  const versionIn = (answer: unknown) => decodeModelVersion(fields(answer, 'the answer to model-versions')['model_version'], 'model_version')

  async function getModel(name: string, options: CallOptions = {}): Promise<RegisteredModel> {
    return modelIn(await transport.json({ method: 'GET', path: 'registered-models/get', query: { name: checkModelName(name) }, ...options }))
  }

  async function absent<T>(what: Promise<T>): Promise<T | undefined> {
    try {
      return await what
    } catch (error) {
      if (hasCode(error, 'MLFLOW_NOT_FOUND')) return undefined
      throw error
    }
  }

  const findModel = async (name: string, options: CallOptions = {}) => await absent(getModel(name, options))

  async function getVersion(name: string, version: string, options: CallOptions = {}): Promise<ModelVersion> {
    return versionIn(await transport.json({ method: 'GET', path: 'model-versions/get', query: { name: checkModelName(name), version: checkVersion(version) }, ...options }))
  }

  async function deleteVersion(name: string, version: string, options: CallOptions = {}): Promise<void> {
    const body = { name: checkModelName(name), version: checkVersion(version) }
    await call('DELETE', 'model-versions/delete', body, options, appliedIf(async () => (await absent(getVersion(name, version, options))) === undefined))
  }

  const createModel: Registry['createModel'] = async (model, options = {}) => {
    const name = checkModelName(model.name)
    const description = model.description === undefined ? undefined : checkDescription(model.description)
    const tags = checkPlainTexts('tag', model.tags, maxTag, 'encodeKey')
    // As for experiments: the name is unique on the server, the key tells whose it is.
    return await createOnce(undefined, {
      find: async (key) => {
        const existing = await findModel(name, options)
        return existing?.tags[keyTag] === key ? [existing] : []
      },
      create: async (key, applied) => {
        const body = { name, ...(description !== undefined && { description }), tags: [...tags, { key: keyTag, value: key }] }
        return createdOrFound(await call('POST', 'registered-models/create', body, options, applied), modelIn)
      },
      remove: async () => undefined,
    })
  }

  function pagesOf<T>(path: string, max: number, options: SearchOptions, list: string, decode: (value: unknown, where: string) => T): AsyncIterable<T> {
    const { filter, order_by: orderBy, max_results: size } = searchBody(options, { otherwise: Math.min(max, 1000), max })
    const query = { filter, order_by: orderBy, max_results: size }
    return pages(transport, (token) => transport.json({ method: 'GET', path, query: { ...query, page_token: token }, ...(options.signal !== undefined && { signal: options.signal }) }), list, decode)
  }

  const searchVersions = (options: SearchOptions = {}) => pagesOf('model-versions/search', 10_000, options, 'model_versions', decodeModelVersion)

  async function findVersionByAlias(name: string, alias: string, options: CallOptions = {}): Promise<ModelVersion | undefined> {
    try {
      return versionIn(await transport.json({ method: 'GET', path: 'registered-models/alias', query: { name: checkModelName(name), alias: checkAlias(alias) }, ...options }))
    } catch (error) {
      // An alias that is not set is INVALID_PARAMETER_VALUE to MLflow.
      if (hasCode(error, 'MLFLOW_NOT_FOUND') || (hasCode(error, 'MLFLOW_INVALID') && /alias .*not found/i.test(error.message))) return undefined
      throw error
    }
  }

  return {
    createModel,
    getModel,
    findModel,
    findVersionByAlias,
    getVersion,
    deleteVersion,
    searchVersions,
    async ensureModel(name, options = {}) {
      for (let round = 0; ; round++) {
        try {
          return (await findModel(name, options)) ?? (await createModel({ name }, options))
        } catch (error) {
          if (round === 5 || !hasCode(error, 'MLFLOW_EXISTS')) throw error
        }
      }
    },
    async updateModel(name, change, options = {}) {
      return modelIn(await call('PATCH', 'registered-models/update', { name: checkModelName(name), description: checkDescription(change.description) }, options))
    },
    async renameModel(name, newName, options = {}) {
      const body = { name: checkModelName(name), new_name: checkModelName(newName) }
      const { createdAt } = await getModel(name, options)
      const applied = async () => {
        const renamed = await findModel(newName, options)
        return renamed?.createdAt === createdAt ? { [renamedAlready]: renamed } : undefined
      }
      const answer = fields(await call('POST', 'registered-models/rename', body, options, applied), 'the answer to registered-models/rename')
      return renamedAlready in answer ? (answer[renamedAlready] as RegisteredModel) : modelIn(answer)
    },
    async deleteModel(name, options = {}) {
      await call('DELETE', 'registered-models/delete', { name: checkModelName(name) }, options, appliedIf(async () => (await findModel(name, options)) === undefined))
    },
    searchModels: (options = {}) => pagesOf('registered-models/search', 1000, options, 'registered_models', decodeRegisteredModel),
    async setModelTag(name, key, value, options = {}) {
      await call('POST', 'registered-models/set-tag', { name: checkModelName(name), ...checkTag(key, value) }, options)
    },
    async deleteModelTag(name, key, options = {}) {
      await call('DELETE', 'registered-models/delete-tag', { name: checkModelName(name), key: checkText('The name of a tag', key) }, options)
    },
    async createVersion(version, options = {}) {
      const name = checkModelName(version.name)
      const runId = checkOptionalText('runId', version.runId, { max: 256 })
      const modelId = checkOptionalText('modelId', version.modelId, { max: 256 })
      const source = checkText('The source of a version', version.source, { max: 500 })
      const description = version.description === undefined ? undefined : checkDescription(version.description)
      const tags = checkPlainTexts('tag', version.tags, maxTag, 'setVersionTag')
      if (tags.some(({ key }) => key === keyTag)) refuse(`The tag '${keyTag}' is the client's own`, "Use the option 'key'")
      return await createOnce(version.key, {
        find: async (storedKey) => {
          const found: ModelVersion[] = []
          for await (const candidate of searchVersions({ ...options, filter: hasKey(storedKey) })) if (candidate.name === name && candidate.tags[keyTag] === storedKey) found.push(candidate)
          return found.toSorted((a, b) => Number(a.version) - Number(b.version))
        },
        create: async (storedKey, applied) => {
          const body = { name, source, ...(runId !== undefined && { run_id: runId }), ...(modelId !== undefined && { model_id: modelId }), ...(description !== undefined && { description }), tags: [...tags, { key: keyTag, value: storedKey }] }
          return createdOrFound(await call('POST', 'model-versions/create', body, options, applied), versionIn)
        },
        remove: async (extra) => {
          await absent(deleteVersion(name, extra.version, options))
        },
      })
    },
    async updateVersion(name, version, change, options = {}) {
      return versionIn(await call('PATCH', 'model-versions/update', { name: checkModelName(name), version: checkVersion(version), description: checkDescription(change.description) }, options))
    },
    async setVersionTag(name, version, key, value, options = {}) {
      await call('POST', 'model-versions/set-tag', { name: checkModelName(name), version: checkVersion(version), ...checkTag(key, value) }, options)
    },
    async deleteVersionTag(name, version, key, options = {}) {
      await call('DELETE', 'model-versions/delete-tag', { name: checkModelName(name), version: checkVersion(version), key: checkText('The name of a tag', key) }, options)
    },
    async setAlias(name, alias, version, options = {}) {
      await call('POST', 'registered-models/alias', { name: checkModelName(name), alias: checkAlias(alias), version: checkVersion(version) }, options)
    },
    async deleteAlias(name, alias, options = {}) {
      await call('DELETE', 'registered-models/alias', { name: checkModelName(name), alias: checkAlias(alias) }, options)
    },
  }
}

const renamedAlready: unique symbol = Symbol('renamed already')
