import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { ExperimentValue, HParam, HParamInfo, MetricInfo, SessionEndValue, SessionStartValue } from './event.ts'

const { HParamsPluginData, Status, ParameterType, DatasetType } = proto.hparams

/** Values of the HParams plugin, which are in its metadata. */
export type HParamsValue = SessionStartValue | SessionEndValue | ExperimentValue

export const hparamsTags: { readonly [kind in HParamsValue['kind']]: string } = {
  experiment: '_hparams_/experiment',
  'session-start': '_hparams_/session_start_info',
  'session-end': '_hparams_/session_end_info',
}

const statuses = { unknown: Status.STATUS_UNKNOWN, success: Status.STATUS_SUCCESS, failure: Status.STATUS_FAILURE, running: Status.STATUS_RUNNING } as const
const types = { string: ParameterType.DATA_TYPE_STRING, number: ParameterType.DATA_TYPE_FLOAT64, boolean: ParameterType.DATA_TYPE_BOOL } as const
const datasets = { training: DatasetType.DATASET_TRAINING, validation: DatasetType.DATASET_VALIDATION } as const

/** Throws TENSORBOARD_INVALID for a number that is not finite, or a domain whose values are of another type. */
export function encodeHParams(value: HParamsValue): Uint8Array {
  return HParamsPluginData.encode(toMessage(value)).finish()
}

function toMessage(value: HParamsValue): proto.hparams.HParamsPluginData.$Properties {
  switch (value.kind) {
    case 'session-start': {
      const hparams: { [name: string]: proto.hparams.Value.$Properties } = Object.create(null)
      for (const [name, hparam] of Object.entries(value.hparams)) hparams[name.toWellFormed()] = hparamMessage(name, hparam)
      return {
        sessionStartInfo: { hparams, groupName: text(value.group), monitorUrl: text(value.monitorUrl), startTimeSecs: value.startedAt / 1000 },
      }
    }
    case 'session-end':
      return { sessionEndInfo: { status: statuses[value.status], endTimeSecs: value.endedAt / 1000 } }
    case 'experiment':
      return {
        experiment: {
          name: text(value.name),
          description: text(value.description),
          user: text(value.user),
          timeCreatedSecs: (value.createdAt ?? 0) / 1000,
          hparamInfos: value.hparams.map(hparamInfoMessage),
          metricInfos: value.metrics.map((metric) => ({
            name: { group: text(metric.group), tag: metric.tag.toWellFormed() },
            displayName: text(metric.displayName),
            description: text(metric.description),
            datasetType: metric.dataset === undefined ? DatasetType.DATASET_UNKNOWN : datasets[metric.dataset],
          })),
        },
      }
  }
}

function hparamInfoMessage(info: HParamInfo): proto.hparams.HParamInfo.$Properties {
  const { name, domain } = info
  const values = domain === undefined ? [] : 'values' in domain ? domain.values : [domain.min, domain.max]
  const wrong = values.find((value) => typeof value !== info.type)
  if (wrong !== undefined) throw invalidEvent(`The domain of hyperparameter "${name}" holds ${JSON.stringify(wrong)}, but its type is ${info.type}.`, { name, value: wrong })
  const messages = values.map((value) => hparamMessage(name, value))
  return {
    name: name.toWellFormed(),
    displayName: text(info.displayName),
    description: text(info.description),
    type: types[info.type],
    differs: info.differs ?? true,
    ...(domain === undefined ? {} : 'values' in domain ? { domainDiscrete: { values: messages } } : { domainInterval: { minValue: domain.min, maxValue: domain.max } }),
  }
}

function hparamMessage(name: string, hparam: HParam): proto.hparams.Value.$Properties {
  if (typeof hparam === 'string') return { stringValue: hparam.toWellFormed() }
  if (typeof hparam === 'boolean') return { boolValue: hparam }
  if (Number.isFinite(hparam)) return { numberValue: hparam }
  throw invalidEvent(`Hyperparameter "${name}" is ${hparam}: TensorBoard takes finite numbers only. Write it as a string.`, { name, value: hparam })
}

/** What the metadata of the plugin holds; undefined for what this package does not know. Throws what protobufjs throws for bytes that are no message. */
export function decodeHParams(content: Uint8Array): HParamsValue | undefined {
  const { version, sessionStartInfo: start, sessionEndInfo: end, experiment } = HParamsPluginData.decode(content)
  if (version) return undefined
  if (start != null) {
    const hparams: { [name: string]: HParam } = Object.create(null)
    for (const [name, value] of Object.entries(start.hparams ?? {})) hparams[name] = hparamOf(value)
    return {
      kind: 'session-start',
      hparams,
      startedAt: (start.startTimeSecs ?? 0) * 1000,
      ...(start.groupName ? { group: start.groupName } : {}),
      ...(start.monitorUrl ? { monitorUrl: start.monitorUrl } : {}),
    }
  }
  if (end != null) return { kind: 'session-end', status: keyOf(statuses, end.status) ?? 'unknown', endedAt: (end.endTimeSecs ?? 0) * 1000 }
  if (experiment == null) return undefined
  return {
    kind: 'experiment',
    ...(experiment.name ? { name: experiment.name } : {}),
    ...(experiment.description ? { description: experiment.description } : {}),
    ...(experiment.user ? { user: experiment.user } : {}),
    ...(experiment.timeCreatedSecs ? { createdAt: experiment.timeCreatedSecs * 1000 } : {}),
    hparams: (experiment.hparamInfos ?? []).map(hparamInfo),
    metrics: (experiment.metricInfos ?? []).map(metricInfo),
  }
}

function hparamInfo(info: proto.hparams.HParamInfo.$Properties): HParamInfo {
  const values = info.domainDiscrete?.values?.map(hparamOf)
  const interval = info.domainInterval
  const first = values?.[0]
  const derived = typeof first === 'string' || typeof first === 'boolean' ? (typeof first as 'string' | 'boolean') : 'number'
  return {
    name: info.name ?? '',
    type: keyOf(types, info.type) ?? derived,
    differs: info.differs ?? false,
    ...(info.displayName ? { displayName: info.displayName } : {}),
    ...(info.description ? { description: info.description } : {}),
    ...(values !== undefined ? { domain: { values } } : interval != null ? { domain: { min: interval.minValue ?? 0, max: interval.maxValue ?? 0 } } : {}),
  }
}

function metricInfo(info: proto.hparams.MetricInfo.$Properties): MetricInfo {
  const dataset = keyOf(datasets, info.datasetType)
  return {
    tag: info.name?.tag ?? '',
    ...(info.name?.group ? { group: info.name.group } : {}),
    ...(info.displayName ? { displayName: info.displayName } : {}),
    ...(info.description ? { description: info.description } : {}),
    ...(dataset === undefined ? {} : { dataset }),
  }
}

function hparamOf(value: proto.hparams.Value.$Properties): HParam {
  return value.stringValue ?? value.boolValue ?? value.numberValue ?? JSON.stringify(value.listValue?.values?.map(hparamOf) ?? null)
}

function keyOf<Key extends string>(table: { readonly [key in Key]: number }, wanted: number | null | undefined): Key | undefined {
  return (Object.keys(table) as Key[]).find((key) => table[key] === wanted)
}

function text(value: string | undefined): string {
  return (value ?? '').toWellFormed()
}
