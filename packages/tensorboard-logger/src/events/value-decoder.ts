import { tensorboard as proto } from '../../generated/proto.js'
import type { HistogramBucket, OtherValue, SummaryValue, TensorData } from './event.ts'
import { decodeHParams } from './hparams-codec.ts'
import { readTensor } from './tensor-codec.ts'

/**
 * The plugin of each tag that was read so far: writers may leave out the metadata of a tag after its first value,
 * and TensorBoard keeps to the first.
 */
export type KnownPlugins = Map<string, string>

/** The value in these bytes, as `other` where it is of no kind that this package knows. Throws what protobufjs throws if they are not a message. */
export function decodeValue(bytes: Uint8Array, plugins: KnownPlugins): SummaryValue | OtherValue {
  const message = proto.SummaryValue.decode(bytes)
  // Once written with the name of a node of a graph instead of a tag.
  const tag = message.tag || message.nodeName || ''
  const own = message.metadata?.pluginData?.pluginName ?? ''
  const plugin = plugins.get(tag) ?? own
  if (own !== '' && !plugins.has(tag)) plugins.set(tag, own)
  return known(message, tag, plugin) ?? { kind: 'other', tag, plugin, bytes: new Uint8Array(bytes) }
}

function known(message: proto.SummaryValue, tag: string, plugin: string): SummaryValue | undefined {
  const { image, histo, tensor } = message
  if (plugin === 'hparams') return hparamsValue(message)
  if (message.simpleValue != null) return { kind: 'scalar', tag, value: message.simpleValue }
  if (histo != null) {
    const buckets = bucketsOf(histo)
    return buckets === undefined ? undefined : { kind: 'histogram', tag, buckets }
  }
  if (image != null) {
    return { kind: 'image', tag, width: image.width ?? 0, height: image.height ?? 0, images: [new Uint8Array(image.encodedImageString ?? [])] }
  }
  const read = tensor == null ? undefined : readTensor(tensor)
  if (read === undefined) return undefined
  return tensorKind(tag, plugin, read.shape, read.tensor) ?? { kind: 'tensor', tag, plugin, ...read }
}

/** The kinds that TensorBoard makes of tensors by the name of their plugin. */
function tensorKind(tag: string, plugin: string, shape: readonly number[], { type, data }: TensorData): SummaryValue | undefined {
  switch (plugin) {
    case 'scalars': {
      if (type === 'string' || data.length !== 1) return undefined
      const value = Number(data[0])
      return type === 'int64' && !Number.isSafeInteger(value) ? undefined : { kind: 'scalar', tag, value }
    }
    case 'text': {
      const markdown = type === 'string' && data.length === 1 ? utf8Text(data[0]!) : undefined
      return markdown === undefined ? undefined : { kind: 'text', tag, markdown }
    }
    case 'histograms': {
      if ((type !== 'float32' && type !== 'float64') || shape.length !== 2 || shape[1] !== 3) return undefined
      return { kind: 'histogram', tag, buckets: Array.from({ length: shape[0]! }, (_, row) => ({ from: data[3 * row]!, to: data[3 * row + 1]!, count: data[3 * row + 2]! })) }
    }
    case 'images': {
      if (type !== 'string' || shape.length !== 1 || data.length < 2) return undefined
      const [width, height] = data.slice(0, 2).map((bytes) => Number(utf8Text(bytes)))
      if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height)) return undefined
      return { kind: 'image', tag, width: width!, height: height!, images: data.slice(2) }
    }
    default:
      return undefined
  }
}

function hparamsValue(message: proto.SummaryValue): SummaryValue | undefined {
  const content = message.metadata?.pluginData?.content
  if (content == null) return undefined
  try {
    return decodeHParams(content)
  } catch {
    return undefined // handed on as it is, like every value that is not understood
  }
}

/**
 * The buckets of the older form, as TensorBoard shows them (data_compat.py): empty ones at both ends are dropped, and
 * the outermost edges, which may be ±1.8e308, become the smallest and largest sample.
 */
function bucketsOf(histo: proto.HistogramProto.$Properties): readonly HistogramBucket[] | undefined {
  const counts = histo.bucket ?? []
  const limits = histo.bucketLimit ?? []
  if (counts.length !== limits.length) return undefined
  const first = counts.findIndex((count) => count > 0)
  if (first === -1) return []
  const last = counts.findLastIndex((count) => count > 0)
  return counts.slice(first, last + 1).map((count, offset) => ({
    from: offset === 0 ? (histo.min ?? 0) : limits[first + offset - 1]!,
    to: first + offset === last ? (histo.max ?? 0) : limits[first + offset]!,
    count,
  }))
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined // bytes that are no text stay bytes
  }
}
