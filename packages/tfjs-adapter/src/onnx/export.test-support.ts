import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import { exportOnnx, type ExportOnnxOptions } from './index.ts'

export const { layers } = tf
export const apply = (layer: tf.layers.Layer, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor => layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.SymbolicTensor
export const applyMany = (layer: tf.layers.Layer, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor[] => layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.SymbolicTensor[]
export const chain = (...list: tf.layers.Layer[]): tf.LayersModel => tf.sequential({ layers: list })
export const on = (shape: (number | null)[], ...list: tf.layers.Layer[]): tf.LayersModel => chain(layers.inputLayer({ inputShape: shape }), ...list)

/** Numbers from −1 to 1 that are the same in every run. */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
}

export interface Fed {
  readonly name: string
  readonly type: 'float32' | 'int32'
  readonly dims: readonly number[]
  readonly data: Float32Array | Int32Array
}

/** A model with random weights, what went in, and what TensorFlow.js made of it. */
export interface Case {
  readonly onnx: Uint8Array
  readonly inputs: readonly Fed[]
  readonly outputs: readonly Fed[]
  /** Tensors that the export left in memory. */
  readonly leaked: number
}

/** Weights of every kind, so that none can be swapped or left out unnoticed. */
export function randomise(model: tf.LayersModel, seed = 11): void {
  for (const [index, weight] of model.weights.entries()) {
    const size = weight.shape.reduce((product: number, length) => product * (length ?? 1), 1)
    const values = noise(size, index + seed).map((value) => (weight.originalName.endsWith('variance') ? 0.5 + value * value : 0.6 * value))
    const tensor = tf.tensor(values, weight.shape as number[])
    weight.write(tensor)
    tensor.dispose()
  }
}

/** Unknown sizes are fed as 7, int32 inputs with numbers from 0 to 5; so are floats if `below` is 6. */
export async function caseOf(model: tf.LayersModel, options: ExportOnnxOptions = {}, below?: number): Promise<Case> {
  randomise(model)
  const given = model.inputs.map((input, index) => {
    const dims = [3, ...input.shape.slice(1).map((size) => size ?? 7)]
    const raw = noise(dims.reduce((product, size) => product * size, 1), 3 + index)
    const data = below === undefined && input.dtype === 'float32' ? raw.map((value) => 2 * value) : raw.map((value) => Math.floor(((value + 1) / 2) * (below ?? 6)))
    return { dims, data, type: input.dtype as 'float32' | 'int32' }
  })
  const answers = tf.tidy(() => {
    const predicted = model.predict(given.map(({ dims, data, type }) => tf.tensor(data, dims, type)))
    return (Array.isArray(predicted) ? predicted : [predicted]).map((tensor) => tf.keep(tensor))
  })
  const before = tf.memory().numTensors
  const onnx = await exportOnnx(tf, model, { inputNames: given.map((_, index) => `x${index}`), outputNames: answers.map((_, index) => `y${index}`), ...options })
  const leaked = tf.memory().numTensors - before
  const outputs: Fed[] = []
  for (const [index, answer] of answers.entries()) outputs.push({ name: `y${index}`, type: 'float32', dims: answer.shape, data: Float32Array.from(await answer.data()) })
  tf.dispose(answers)
  model.dispose()
  return { onnx, leaked, outputs, inputs: given.map(({ dims, data, type }, index) => ({ name: `x${index}`, type, dims, data: type === 'int32' ? Int32Array.from(data) : data })) }
}

/** Runs it in onnxruntime-node and compares every output. */
export async function expectSameInNode({ onnx, inputs, outputs, leaked }: Case): Promise<void> {
  expect(leaked).toBe(0)
  const session = await InferenceSession.create(onnx, { logSeverityLevel: 3, intraOpNumThreads: 1 })
  try {
    const answers = await session.run(Object.fromEntries(inputs.map(({ name, type, data, dims }) => [name, new OrtTensor(type, data, dims)])))
    for (const expected of outputs) expectSame(expected.name, answers[expected.name]!.dims, answers[expected.name]!.data as Float32Array, expected)
  } finally {
    await session.release()
  }
}

/** The largest difference is below 1e-5 of the largest value. */
export function expectSame(what: string, dims: readonly number[], data: ArrayLike<number>, expected: Fed): void {
  expect(dims, what).toEqual(expected.dims)
  expect(data, what).toHaveLength(expected.data.length)
  let scale = 0
  let difference = 0
  for (const [index, value] of expected.data.entries()) {
    scale = Math.max(scale, Math.abs(value))
    difference = Math.max(difference, Math.abs(value - data[index]!))
  }
  expect(Number.isFinite(scale), `${what}: not finite`).toBe(true)
  expect(difference / (scale || 1), what).toBeLessThan(1e-5)
}
