import type { Predictor, Rows } from '@attune/core'
import { invalidOption, onnxError } from './errors.ts'
import type { ModelSource } from './model-source.ts'
import { openOptionNames, openPredictor, type OpenOptions } from './predictor.ts'
import { count, oneOf } from './session-options.ts'
import type { TensorData } from './tensor-data.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

/** Options of `onnxPredictor`. */
export interface OnnxPredictorOptions extends OpenOptions {
  /** What it is called in messages and attributes (default `onnx`). */
  readonly id?: string
  /** The output with the answers; may be left out if the model has one. */
  readonly output?: string
  /**
   * What that output holds (default `'logits'`, or whatever numbers a regression answers). Of `'probabilities'` the logarithms are given: their softmax is the same
   * probabilities. A single probability p becomes log(p / (1 − p)).
   */
  readonly scores?: 'logits' | 'probabilities'
  /** Rows of one run (default 64; a model with a fixed batch is run with that). */
  readonly batchSize?: number
}

const optionNames: OptionNames<OnnxPredictorOptions> = { ...openOptionNames, id: true, output: true, scores: true, batchSize: true }

/** A core `Predictor` on an ONNX model. */
export interface OpenedPredictor extends Predictor, AsyncDisposable {
  close(): Promise<void>
}

/**
 * Loads a model as a `Predictor`: a teacher for distillation, or what another model is compared with. Its one input takes float32 rows. Rejects as
 * `openPredictor` does, and with ONNX_INPUT or ONNX_OUTPUT for a model that does not answer rows with numbers.
 */
export async function onnxPredictor(source: ModelSource, options: OnnxPredictorOptions = {}): Promise<OpenedPredictor> {
  refuseUnknownOptions('onnxPredictor', options, optionNames)
  const { id = 'onnx', scores = 'logits', batchSize = 64, output, ...open } = options
  oneOf('scores', scores, ['logits', 'probabilities'])
  count('batchSize', batchSize, 1)
  if (typeof id !== 'string' || id === '') throw invalidOption(`id is a name, got ${JSON.stringify(id)}.`)
  const model = await openPredictor(source, open)
  try {
    const [input] = model.inputs
    if (model.inputs.length !== 1 || input?.type !== 'float32') throw onnxError('ONNX_INPUT', `A predictor needs a model with one float32 input; this one has ${model.inputs.map(({ name, type }) => `"${name}" (${type})`).join(', ')}.`)
    const name = chosenOutput(model.outputs.map((info) => info.name), output)
    return {
      specVersion: 'v1',
      id,
      async predict({ data, shape }, { signal } = {}) {
        const answers = await model.predict({ data, dims: shape }, { batchSize, ...(signal === undefined ? {} : { signal }) })
        return scores === 'logits' ? rowsOf(answers[name]!, name) : logitsOf(rowsOf(answers[name]!, name), name)
      },
      close: () => model.close(),
      [Symbol.asyncDispose]: () => model.close(),
    }
  } catch (error) {
    await model.close()
    throw error
  }
}

function chosenOutput(names: readonly string[], wanted: string | undefined): string {
  const listed = names.map((name) => `"${name}"`).join(', ')
  if (wanted === undefined && names.length !== 1) throw onnxError('ONNX_OUTPUT', `The model has ${names.length} outputs (${listed}): name the one with the answers in the option "output".`)
  if (wanted !== undefined && !names.includes(wanted)) throw onnxError('ONNX_OUTPUT', `The model has no output "${wanted}"; it has ${listed}.`)
  return wanted ?? names[0]!
}

function rowsOf({ data, dims }: TensorData, name: string): Rows {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) throw onnxError('ONNX_OUTPUT', `Output "${name}" holds 64-bit integers: a predictor answers logits. Name another output.`)
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape: dims }
}

/** Probabilities below this have no normal float32; their logarithm, -87.3, stands for all of them. */
const smallest = 2 ** -126

function logitsOf({ data, shape }: Rows, name: string): Rows {
  const wrong = data.find((value) => !(value >= -1e-3 && value <= 1 + 1e-3))
  if (wrong !== undefined) throw onnxError('ONNX_OUTPUT', `Output "${name}" holds ${wrong}, which is no probability. If it holds logits, say scores: 'logits'.`)
  const log = (probability: number): number => Math.log(Math.max(probability, smallest))
  const isSingle = shape.length === 1 || shape.slice(1).every((size) => size === 1)
  return { shape, data: data.map((probability) => (isSingle ? log(probability) - log(1 - probability) : log(probability))) }
}
