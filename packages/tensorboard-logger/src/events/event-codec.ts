import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { HParam, SummaryValue, TensorBoardEvent } from './event.ts'

const { Event, DataClass, DataType } = proto
const { HParamsPluginData, Status } = proto.hparams

const sessionStartTag = '_hparams_/session_start_info'
const sessionEndTag = '_hparams_/session_end_info'

/** The bytes of one event. Throws TENSORBOARD_INVALID for a step that is no integer, an empty tag, or a hyperparameter that is not finite. */
export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  const wallTime = event.time / 1000
  switch (event.kind) {
    case 'version':
      return Event.encode({ wallTime, fileVersion: event.version, sourceMetadata: { writer: event.writer } }).finish()
    case 'start':
      return Event.encode({ wallTime, step: checkedStep(event.step), sessionLog: { status: proto.SessionLog.SessionStatus.START } }).finish()
    case 'summary': {
      const attuneMark = event.mark === undefined ? {} : { attuneMark: event.mark }
      return Event.encode({ wallTime, step: checkedStep(event.step), summary: { value: event.values.map(toMessage) }, ...attuneMark }).finish()
    }
    case 'other':
      throw invalidEvent('An event of kind "other" cannot be written: it stands for what this package does not know.', { kind: event.kind })
  }
}

/** The event in these bytes. Throws what protobufjs throws if they are not a message. */
export function decodeEvent(bytes: Uint8Array): TensorBoardEvent {
  const message = Event.decode(bytes)
  const time = message.wallTime * 1000
  const step = toNumber(message.step)
  const mark = toNumber(message.attuneMark)
  if (message.fileVersion != null) return { kind: 'version', time, version: message.fileVersion, writer: message.sourceMetadata?.writer ?? '' }
  if (message.sessionLog?.status === proto.SessionLog.SessionStatus.START) return { kind: 'start', time, step }
  if (message.summary == null) return { kind: 'other', time, step }
  const values = (message.summary.value ?? []).map(fromMessage).filter((value) => value !== undefined)
  return { kind: 'summary', time, step, values, ...(mark === 0 ? {} : { mark }) }
}

function toMessage(value: SummaryValue): proto.Summary.Value.$Properties {
  if ('tag' in value && value.tag === '') throw invalidEvent('A TensorBoard tag must not be empty.', { tag: value.tag })
  switch (value.kind) {
    case 'scalar':
      return {
        tag: value.tag,
        simpleValue: value.value,
        metadata: { pluginData: { pluginName: 'scalars' }, dataClass: DataClass.DATA_CLASS_SCALAR },
      }
    case 'text':
      return {
        tag: value.tag,
        tensor: { dtype: DataType.DT_STRING, tensorShape: {}, stringVal: [new TextEncoder().encode(value.markdown)] },
        metadata: { pluginData: { pluginName: 'text' }, dataClass: DataClass.DATA_CLASS_TENSOR },
      }
    case 'session-start': {
      const hparams: { [name: string]: proto.hparams.Value.$Properties } = Object.create(null)
      for (const [name, hparam] of Object.entries(value.hparams)) hparams[name] = hparamToMessage(name, hparam)
      return pluginValue(sessionStartTag, {
        sessionStartInfo: { hparams, groupName: value.group ?? '', monitorUrl: value.monitorUrl ?? '', startTimeSecs: value.startedAt / 1000 },
      })
    }
    case 'session-end': {
      const status = value.status === 'success' ? Status.STATUS_SUCCESS : Status.STATUS_FAILURE
      return pluginValue(sessionEndTag, { sessionEndInfo: { status, endTimeSecs: value.endedAt / 1000 } })
    }
  }
}

/** The HParams plugin reads only the metadata; the value has to be a float tensor without elements. */
function pluginValue(tag: string, data: proto.hparams.HParamsPluginData.$Properties): proto.Summary.Value.$Properties {
  return {
    tag,
    tensor: { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 0 }] } },
    metadata: { pluginData: { pluginName: 'hparams', content: HParamsPluginData.encode(data).finish() }, dataClass: DataClass.DATA_CLASS_TENSOR },
  }
}

function fromMessage(value: proto.Summary.Value.$Properties): SummaryValue | undefined {
  const tag = value.tag ?? ''
  if (value.simpleValue != null) return { kind: 'scalar', tag, value: value.simpleValue }
  const { pluginName, content } = value.metadata?.pluginData ?? {}
  if (pluginName === 'text') return { kind: 'text', tag, markdown: new TextDecoder().decode(value.tensor?.stringVal?.[0]) }
  if (pluginName !== 'hparams') return undefined
  const { sessionStartInfo: start, sessionEndInfo: end } = HParamsPluginData.decode(content ?? new Uint8Array())
  if (start != null) {
    return {
      kind: 'session-start',
      hparams: Object.fromEntries(Object.entries(start.hparams ?? {}).map(([name, hparam]) => [name, hparamFromMessage(hparam)])),
      startedAt: (start.startTimeSecs ?? 0) * 1000,
      ...(start.groupName ? { group: start.groupName } : {}),
      ...(start.monitorUrl ? { monitorUrl: start.monitorUrl } : {}),
    }
  }
  if (end != null) return { kind: 'session-end', status: end.status === Status.STATUS_SUCCESS ? 'success' : 'failure', endedAt: (end.endTimeSecs ?? 0) * 1000 }
  return undefined
}

function hparamToMessage(name: string, hparam: HParam): proto.hparams.Value.$Properties {
  if (typeof hparam === 'string') return { stringValue: hparam }
  if (typeof hparam === 'boolean') return { boolValue: hparam }
  if (Number.isFinite(hparam)) return { numberValue: hparam }
  throw invalidEvent(`Hyperparameter "${name}" is ${hparam}: TensorBoard takes finite numbers only. Write it as a string.`, { name, value: hparam })
}

function hparamFromMessage(value: proto.hparams.Value.$Properties): HParam {
  return value.stringValue ?? value.boolValue ?? value.numberValue ?? 'null'
}

/** Where the package `long` is installed, protobufjs decodes 64-bit integers into its objects, whatever the types say. */
function toNumber(value: number): number {
  return Number(value.toString())
}

function checkedStep(step: number): number {
  if (!Number.isSafeInteger(step)) throw invalidEvent(`A TensorBoard step is an integer, not ${step}.`, { step })
  return step
}
