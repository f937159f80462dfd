import { MlflowError } from './errors.ts'
import type { DatasetInput, Experiment, LifecycleStage, LoggedModel, LoggedModelStatus, Metric, ModelVersion, RegisteredModel, Run, RunStatus } from './types.ts'

type Fields = { readonly [key: string]: unknown }

/** Reads answers, which are a stranger's: lists that are missing are empty, and what makes no sense is MLFLOW_ANSWER with the place in the answer. */
function wrong(where: string, value: unknown, expected: string): never {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : value === undefined ? 'missing' : `of type ${typeof value}`
  throw new MlflowError('MLFLOW_ANSWER', `The server's answer makes no sense: ${where} is ${kind}, and should be ${expected}. Check that the tracking URI is that of an MLflow server, and that no proxy changes its answers`)
}

export function fields(value: unknown, where: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : wrong(where, value, 'an object')
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : wrong(where, value, 'a list')
}

export function text(value: unknown, where: string): string {
  return typeof value === 'string' ? value : wrong(where, value, 'a text')
}

/** Identifiers, which some servers write as numbers. */
export function identifier(value: unknown, where: string): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : wrong(where, value, 'an identifier')
}

/** Protobuf leaves out empty texts. */
export function optionalText(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(value, where)
}

/** 64-bit integers come as numbers or as texts. Those beyond 2^53 lose their last digits. */
export function integer(value: unknown, where: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) ? number : wrong(where, value, 'an integer')
}

export function optionalInteger(value: unknown, where: string): number | undefined {
  return value === undefined || value === null ? undefined : integer(value, where)
}

const exceptional: { readonly [text: string]: number } = { NaN: Number.NaN, nan: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }

/** Numbers that JSON lacks come as texts. */
export function float(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return wrong(where, value, 'a number')
  if (Object.hasOwn(exceptional, value)) return exceptional[value]!
  const number = Number(value)
  return Number.isNaN(number) ? wrong(where, value, 'a number') : number
}

/** Without a prototype: names are a stranger's. */
export function pairs(value: unknown, where: string): { readonly [key: string]: string } {
  const record: { [key: string]: string } = Object.create(null) as { [key: string]: string }
  for (const entry of list(value, where)) {
    const pair = fields(entry, `an entry of ${where}`)
    record[text(pair['key'], `a key in ${where}`)] = optionalText(pair['value'], `a value in ${where}`) ?? ''
  }
  return record
}

function stage(value: unknown): LifecycleStage {
  return value === 'deleted' ? 'deleted' : 'active'
}

export function decodeExperiment(value: unknown, where: string): Experiment {
  const experiment = fields(value, where)
  return {
    experimentId: identifier(experiment['experiment_id'], `${where}.experiment_id`),
    name: text(experiment['name'], `${where}.name`),
    artifactLocation: optionalText(experiment['artifact_location'], `${where}.artifact_location`) ?? '',
    lifecycleStage: stage(experiment['lifecycle_stage']),
    createdAt: optionalInteger(experiment['creation_time'], `${where}.creation_time`),
    updatedAt: optionalInteger(experiment['last_update_time'], `${where}.last_update_time`),
    tags: pairs(experiment['tags'], `${where}.tags`),
  }
}

export function decodeMetric(value: unknown, where: string): Metric {
  const metric = fields(value, where)
  const modelId = optionalText(metric['model_id'], `${where}.model_id`)
  const datasetName = optionalText(metric['dataset_name'], `${where}.dataset_name`)
  const datasetDigest = optionalText(metric['dataset_digest'], `${where}.dataset_digest`)
  return {
    key: text(metric['key'], `${where}.key`),
    value: metric['value'] === undefined ? 0 : float(metric['value'], `${where}.value`),
    step: optionalInteger(metric['step'], `${where}.step`) ?? 0,
    timestamp: optionalInteger(metric['timestamp'], `${where}.timestamp`) ?? 0,
    ...(modelId !== undefined && { modelId }),
    ...(datasetName !== undefined && { datasetName }),
    ...(datasetDigest !== undefined && { datasetDigest }),
  }
}

const statuses: readonly RunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

export function decodeRun(value: unknown, where: string): Run {
  const run = fields(value, where)
  const info = fields(run['info'], `${where}.info`)
  const data = fields(run['data'] ?? {}, `${where}.data`)
  const inputs = fields(run['inputs'] ?? {}, `${where}.inputs`)
  const outputs = fields(run['outputs'] ?? {}, `${where}.outputs`)
  const tags = pairs(data['tags'], `${where}.data.tags`)
  const metrics: { [key: string]: Metric } = Object.create(null) as { [key: string]: Metric }
  for (const entry of list(data['metrics'], `${where}.data.metrics`)) {
    const metric = decodeMetric(entry, `a metric of ${where}.data.metrics`)
    metrics[metric.key] = metric
  }
  const models = list(inputs['model_inputs'], `${where}.inputs.model_inputs`).map((input) => identifier(fields(input, 'a model input')['model_id'], 'model_id of a model input'))
  return {
    runId: identifier(info['run_id'] ?? info['run_uuid'], `${where}.info.run_id`),
    runName: optionalText(info['run_name'], `${where}.info.run_name`) ?? tags['mlflow.runName'] ?? '',
    experimentId: identifier(info['experiment_id'], `${where}.info.experiment_id`),
    status: statuses.find((status) => status === info['status']) ?? 'UNKNOWN',
    startTime: optionalInteger(info['start_time'], `${where}.info.start_time`) ?? 0,
    endTime: optionalInteger(info['end_time'], `${where}.info.end_time`),
    artifactUri: optionalText(info['artifact_uri'], `${where}.info.artifact_uri`) ?? '',
    lifecycleStage: stage(info['lifecycle_stage']),
    userId: optionalText(info['user_id'], `${where}.info.user_id`),
    metrics,
    params: pairs(data['params'], `${where}.data.params`),
    tags,
    inputs: { datasets: list(inputs['dataset_inputs'], `${where}.inputs.dataset_inputs`).map(decodeDataset), models },
    outputs: list(outputs['model_outputs'], `${where}.outputs.model_outputs`).map((entry) => {
      const output = fields(entry, 'a model output')
      return { modelId: identifier(output['model_id'], 'model_id of a model output'), step: optionalInteger(output['step'], 'step of a model output') ?? 0 }
    }),
  }
}

function decodeDataset(value: unknown): DatasetInput {
  const input = fields(value, 'a dataset input')
  const dataset = fields(input['dataset'], 'dataset of a dataset input')
  const context = pairs(input['tags'], 'tags of a dataset input')['mlflow.data.context']
  const read = (key: string) => optionalText(dataset[key], `${key} of a dataset`)
  const [sourceType, source, schema, profile] = [read('source_type'), read('source'), read('schema'), read('profile')]
  return {
    name: text(dataset['name'], 'name of a dataset'),
    digest: text(dataset['digest'], 'digest of a dataset'),
    ...(context !== undefined && { context }),
    ...(sourceType !== undefined && { sourceType }),
    ...(source !== undefined && { source }),
    ...(schema !== undefined && { schema }),
    ...(profile !== undefined && { profile }),
  }
}

const modelStatuses: { readonly [status: string]: LoggedModelStatus } = { LOGGED_MODEL_PENDING: 'PENDING', LOGGED_MODEL_READY: 'READY', LOGGED_MODEL_UPLOAD_FAILED: 'UPLOAD_FAILED' }

export function decodeLoggedModel(value: unknown, where: string): LoggedModel {
  const model = fields(value, where)
  const info = fields(model['info'], `${where}.info`)
  const data = fields(model['data'] ?? {}, `${where}.data`)
  const status: unknown = info['status']
  return {
    modelId: identifier(info['model_id'], `${where}.info.model_id`),
    experimentId: identifier(info['experiment_id'], `${where}.info.experiment_id`),
    name: optionalText(info['name'], `${where}.info.name`) ?? '',
    modelType: optionalText(info['model_type'], `${where}.info.model_type`),
    sourceRunId: optionalText(info['source_run_id'], `${where}.info.source_run_id`),
    artifactUri: optionalText(info['artifact_uri'], `${where}.info.artifact_uri`) ?? '',
    status: typeof status === 'string' && Object.hasOwn(modelStatuses, status) ? modelStatuses[status]! : 'UNSPECIFIED',
    createdAt: optionalInteger(info['creation_timestamp_ms'], `${where}.info.creation_timestamp_ms`) ?? 0,
    updatedAt: optionalInteger(info['last_updated_timestamp_ms'], `${where}.info.last_updated_timestamp_ms`) ?? 0,
    params: pairs(data['params'], `${where}.data.params`),
    tags: pairs(info['tags'], `${where}.info.tags`),
    metrics: list(data['metrics'], `${where}.data.metrics`).map((entry) => ({
      ...decodeMetric(entry, `a metric of ${where}`),
      runId: optionalText(fields(entry, `a metric of ${where}`)['run_id'], 'run_id of a metric'),
    })),
  }
}

export function decodeRegisteredModel(value: unknown, where: string): RegisteredModel {
  const model = fields(value, where)
  const aliases: { [alias: string]: string } = Object.create(null) as { [alias: string]: string }
  for (const entry of list(model['aliases'], `${where}.aliases`)) {
    const alias = fields(entry, `an alias of ${where}`)
    aliases[text(alias['alias'], `an alias of ${where}`)] = identifier(alias['version'], `the version of an alias of ${where}`)
  }
  return {
    name: text(model['name'], `${where}.name`),
    description: optionalText(model['description'], `${where}.description`) ?? '',
    createdAt: optionalInteger(model['creation_timestamp'], `${where}.creation_timestamp`) ?? 0,
    updatedAt: optionalInteger(model['last_updated_timestamp'], `${where}.last_updated_timestamp`) ?? 0,
    tags: pairs(model['tags'], `${where}.tags`),
    aliases,
  }
}

export function decodeModelVersion(value: unknown, where: string): ModelVersion {
  const version = fields(value, where)
  return {
    name: text(version['name'], `${where}.name`),
    version: identifier(version['version'], `${where}.version`),
    status: optionalText(version['status'], `${where}.status`) ?? 'READY',
    description: optionalText(version['description'], `${where}.description`) ?? '',
    source: optionalText(version['source'], `${where}.source`) ?? '',
    runId: optionalText(version['run_id'], `${where}.run_id`),
    modelId: optionalText(version['model_id'], `${where}.model_id`),
    createdAt: optionalInteger(version['creation_timestamp'], `${where}.creation_timestamp`) ?? 0,
    updatedAt: optionalInteger(version['last_updated_timestamp'], `${where}.last_updated_timestamp`) ?? 0,
    tags: pairs(version['tags'], `${where}.tags`),
    aliases: list(version['aliases'], `${where}.aliases`).map((alias) => text(alias, `an alias of ${where}`)),
  }
}
