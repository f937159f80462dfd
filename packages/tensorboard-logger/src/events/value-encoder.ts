import type { AttuneError } from '@attune/core'
import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { HistogramValue, ImageValue, SummaryValue } from './event.ts'
import { exactCompanion } from './exact-scalar.ts'
import { encodeHParams, hparamsTags } from './hparams-codec.ts'
import { tensorMessage } from './tensor-codec.ts'

const { DataClass, DataType } = proto
type Message = proto.SummaryValue.$Properties

const utf8 = new TextEncoder()

/** The bytes of the messages that stand for one value. Throws TENSORBOARD_INVALID for what TensorBoard could not read. */
export function encodeValue(value: SummaryValue): readonly Uint8Array[] {
  if ('tag' in value && value.tag === '') throw emptyTag()
  const messages = value.kind === 'scalar' && value.exact ? [toMessage(value), toMessage(exactCompanion(value))] : [toMessage(value)]
  return messages.map((message) => proto.SummaryValue.encode(message).finish())
}

export function emptyTag(): AttuneError {
  return invalidEvent('A TensorBoard tag must not be empty.', { tag: '' })
}

function toMessage(value: SummaryValue): Message {
  switch (value.kind) {
    case 'scalar':
      return { tag: value.tag.toWellFormed(), simpleValue: value.value }
    case 'text':
      return {
        tag: value.tag.toWellFormed(),
        tensor: { dtype: DataType.DT_STRING, tensorShape: {}, stringVal: [utf8.encode(value.markdown)] },
        metadata: metadata('text', DataClass.DATA_CLASS_TENSOR),
      }
    case 'histogram':
      return histogramMessage(value)
    case 'image':
      return imageMessage(value)
    case 'tensor':
      return {
        tag: value.tag.toWellFormed(),
        tensor: tensorMessage(value.tag, value.shape, value.tensor),
        metadata: metadata(value.plugin.toWellFormed(), DataClass.DATA_CLASS_TENSOR),
      }
    case 'experiment':
    case 'session-start':
    case 'session-end':
      // The plugin reads only the metadata; the value has to be a float tensor without elements.
      return {
        tag: hparamsTags[value.kind],
        tensor: { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 0 }] } },
        metadata: metadata('hparams', DataClass.DATA_CLASS_TENSOR, encodeHParams(value)),
      }
  }
}

function metadata(pluginName: string, dataClass: proto.DataClass, content?: Uint8Array): proto.SummaryMetadata.$Properties {
  return { pluginData: { pluginName, ...(content === undefined ? {} : { content }) }, dataClass }
}

function histogramMessage({ tag, buckets }: HistogramValue): Message {
  let last = -Infinity
  for (const { from, to, count } of buckets) {
    if (!(from >= last && to >= from && to < Infinity && from > -Infinity && count >= 0 && count < Infinity)) {
      throw invalidEvent(`The buckets of histogram "${tag}" need finite edges from left to right and counts of 0 or more, not [${from}, ${to}) with ${count}.`, { tag, from, to, count })
    }
    last = to
  }
  const data = Float64Array.from(buckets.flatMap(({ from, to, count }) => [from, to, count]))
  return {
    tag: tag.toWellFormed(),
    tensor: tensorMessage(tag, [buckets.length, 3], { type: 'float64', data }),
    metadata: metadata('histograms', DataClass.DATA_CLASS_TENSOR),
  }
}

function imageMessage({ tag, width, height, images }: ImageValue): Message {
  if (![width, height].every((size) => Number.isSafeInteger(size) && size > 0) || images.length === 0) {
    throw invalidEvent(`Image "${tag}" needs a width and a height of whole pixels and at least one file, not ${width} × ${height} with ${images.length}.`, { tag, width, height })
  }
  const data = [utf8.encode(String(width)), utf8.encode(String(height)), ...images]
  return {
    tag: tag.toWellFormed(),
    tensor: tensorMessage(tag, [data.length], { type: 'string', data }),
    metadata: metadata('images', DataClass.DATA_CLASS_BLOB_SEQUENCE),
  }
}
