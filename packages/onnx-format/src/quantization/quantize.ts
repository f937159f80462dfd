import { OnnxFormatError } from '../error.ts'
import type { NodeProto, TensorProto } from '../generated/onnx-types.ts'
import { onnx } from '../generated/onnx.ts'
import type { MessageInput } from '../message-codec.ts'
import { readModel } from '../model-reader.ts'
import type { ReadLimits } from '../read-limits.ts'
import { elementCount, encodeTensor, tensorValues, type TensorSource } from '../tensor.ts'
import { MAX_FLOAT16, toFloat16 } from './float16.ts'
import { weightUses } from './weight-uses.ts'

/** Options of `quantize`. */
export interface QuantizeOptions {
  /** How weights are stored; they become float32 again when the model is loaded or runs. */
  readonly weights: 'int8' | 'float16'
  /** Smaller tensors stay as they are (default 128 elements): they save nothing, and a bias costs more accuracy than it weighs. */
  readonly minElements?: number
  readonly limits?: ReadLimits
}

/** A model with smaller weights. */
export interface QuantizedModel {
  readonly bytes: Uint8Array
  /** Initialisers that were rewritten. */
  readonly quantized: readonly string[]
  /** Weights that were large enough and stay float32, with the reason. */
  readonly kept: readonly { readonly name: string; readonly reason: string }[]
}

const FLOAT = onnx.TensorProto.DataType.FLOAT

/**
 * Stores the weights of a float32 model in fewer bits; what is computed stays float32.
 *
 * - `int8`: symmetric, one scale for each output channel, w ≈ scale · q with scale = max|w| / 127 and q rounded to even
 *   in [-127, 127] (Jacob et al. 2018, https://arxiv.org/abs/1712.05877, without zero points), undone by DequantizeLinear. Each weight is off by at most
 *   scale / 2. Weights of Conv, ConvTranspose, Gemm, MatMul, Gather, LSTM, GRU and RNN, a quarter of the bytes.
 * - `float16`: every float32 initialiser rounded to IEEE binary16, undone by Cast, half the bytes; one that holds a number beyond 65504 is kept.
 *
 * The initialiser is renamed, and a node that restores it takes its name: whoever uses it, in subgraphs too, does not notice.
 * Tensors in Constant nodes and subgraphs stay as they are.
 *
 * @throws OnnxFormatError `ONNX_UNSUPPORTED` for an operator set before 13 (DequantizeLinear has no axis there), `ONNX_EXTERNAL_DATA`,
 * and what `readModel` throws.
 */
export function quantize(bytes: Uint8Array, options: QuantizeOptions): QuantizedModel {
  const { weights, minElements = 128, limits } = options
  if (weights !== 'int8' && weights !== 'float16') throw new OnnxFormatError('ONNX_UNSUPPORTED', `weights is 'int8' or 'float16', got ${JSON.stringify(weights)}.`)
  if (!Number.isSafeInteger(minElements) || minElements < 1) throw new OnnxFormatError('ONNX_UNSUPPORTED', `minElements is a whole number of at least 1, got ${minElements}.`)
  const model = readModel(bytes, limits)
  const opset = model.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0
  if (opset < 13) throw new OnnxFormatError('ONNX_UNSUPPORTED', `Weights can be quantised from operator set 13 on, the model has ${opset}: convert it first (onnx.version_converter.convert_version(model, 21)).`)
  const graph = model.message.graph!
  const axes = axesOf(weightUses(graph))
  const taken = namesIn(graph)
  // An initialiser that is listed as an input is a default, which a caller may replace.
  const replaceable = new Set(graph.input.map(({ name }) => name))
  const initializer: MessageInput<TensorProto>[] = []
  const restoring: MessageInput<NodeProto>[] = []
  const quantized: string[] = []
  const kept: { readonly name: string; readonly reason: string }[] = []

  /** The tensor in fewer bits, the reason why not, or undefined for what is no weight. */
  function smaller(tensor: TensorProto, axis: number | null | undefined): Reduced | string | undefined {
    // Vectors that no such operator uses are biases, scales and means.
    if (weights === 'int8' && axis === undefined) return tensor.dims.length < 2 ? undefined : 'no operator of the main graph whose weights can be int8 uses it'
    if (replaceable.has(tensor.name)) return 'a caller may replace it: it is an input, too'
    return axis === undefined ? toHalf(tensor) : toInt8(tensor, axis)
  }

  for (const tensor of graph.initializer) {
    const axis = weights === 'int8' ? axes.get(tensor.name) : undefined
    const large = tensor.dataType === FLOAT && elementCount(tensor.dims.map(Number)) >= minElements
    const reduced = large ? smaller(tensor, axis) : undefined
    if (reduced === undefined || typeof reduced === 'string') {
      if (reduced !== undefined) kept.push({ name: tensor.name, reason: reduced })
      initializer.push(tensor)
      continue
    }
    const fresh = (suffix: string): string => freshName(`${tensor.name}_${suffix}`, taken)
    const stored = fresh(weights)
    initializer.push(encodeTensor(stored, reduced.values))
    if (reduced.scale === undefined) {
      restoring.push({ name: fresh('cast'), opType: 'Cast', input: [stored], output: [tensor.name], attribute: [{ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: FLOAT }] })
    } else {
      const scale = fresh('scale')
      initializer.push(encodeTensor(scale, reduced.scale))
      const attribute = reduced.axis === undefined ? [] : [{ name: 'axis', type: onnx.AttributeProto.AttributeType.INT, i: reduced.axis }]
      restoring.push({ name: fresh('dequantize'), opType: 'DequantizeLinear', input: [stored, scale], output: [tensor.name], attribute })
    }
    quantized.push(tensor.name)
  }
  const changed = { ...model.message, graph: { ...graph, node: [...restoring, ...graph.node], initializer } }
  return { bytes: new Uint8Array(onnx.ModelProto.encode(changed).finish()), quantized, kept }
}

interface Reduced {
  readonly values: TensorSource
  /** Of int8. */
  readonly scale?: TensorSource
  /** Along which the scales lie; undefined for one scale. */
  readonly axis?: number
}

/** The axis of each weight; null where its users disagree, so that it gets one scale. */
function axesOf(uses: readonly { readonly name: string; readonly axis: number }[]): ReadonlyMap<string, number | null> {
  const axes = new Map<string, number | null>()
  for (const { name, axis } of uses) axes.set(name, axes.has(name) && axes.get(name) !== axis ? null : axis)
  return axes
}

function toInt8(tensor: TensorProto, wantedAxis: number | null): Reduced | string {
  const { dims, data } = tensorValues(tensor)
  const values = data as Float32Array
  if (!values.every(Number.isFinite)) return 'it holds numbers that are not finite'
  // A vector as the right side of a MatMul has no channels.
  const axis = wantedAxis === null || dims.length < 2 ? undefined : (wantedAxis + dims.length) % dims.length
  const channels = axis === undefined ? 1 : dims[axis]!
  const inner = axis === undefined ? 1 : elementCount(dims.slice(axis + 1))
  const channelOf = (index: number): number => Math.floor(index / inner) % channels
  const largest = new Float32Array(channels)
  values.forEach((value, index) => {
    const channel = channelOf(index)
    largest[channel] = Math.max(largest[channel]!, Math.abs(value))
  })
  // A scale of 0 is undefined; the smallest normal number keeps subnormal channels from dividing to infinity.
  const scales = largest.map((value) => Math.max(value / 127, 2 ** -126))
  const quantized = Int8Array.from(values, (value, index) => roundToEven(value / scales[channelOf(index)]!))
  return {
    values: { data: quantized, dims },
    scale: { data: scales, dims: axis === undefined ? [] : [channels] },
    ...(axis === undefined ? {} : { axis }),
  }
}

function toHalf(tensor: TensorProto): Reduced | string {
  const { dims, data } = tensorValues(tensor)
  const values = data as Float32Array
  if (!values.every((value) => Math.abs(value) <= MAX_FLOAT16)) return `it holds numbers beyond ${MAX_FLOAT16}, the largest of float16`
  return { values: { data: toFloat16(values), dims, elementType: 'float16' } }
}

function roundToEven(value: number): number {
  const rounded = Math.round(value)
  const even = rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
  return Math.max(-127, Math.min(127, even))
}

/** Every name of a value or a node, in subgraphs too. */
function namesIn(message: object): Set<string> {
  const names = new Set<string>()
  const queue: object[] = [message]
  for (let current = queue.pop(); current !== undefined; current = queue.pop()) {
    for (const [key, value] of Object.entries(current)) {
      if (typeof value === 'string') names.add(value)
      else if (Array.isArray(value) && (key === 'input' || key === 'output')) for (const entry of value) if (typeof entry === 'string') names.add(entry)
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) queue.push(value)
    }
  }
  return names
}

function freshName(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`
  taken.add(name)
  return name
}
