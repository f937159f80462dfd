import type { Predictor, Rows } from '@attune/core'
import { tfjsError } from './error.ts'
import { logitsOf } from './logits.ts'
import type { LayersModel, Tensor, TensorFlow } from './tensorflow.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

/** Options of `tfjsPredictor`. */
export interface TfjsPredictorOptions {
  /** What it is called in messages; default the model's name. */
  readonly id?: string
  /** Rows of one run, which bounds the memory that a prediction takes; default 256. */
  readonly batchSize?: number
}

/**
 * A layers model with one input and one output as a predictor, on the active backend: as a teacher, or to be compared with another model.
 * It answers logits, also where the model ends in a softmax. The model stays the caller's, who disposes of it.
 * @throws AttuneError `TFJS_MODEL` for several inputs or outputs, `TFJS_OPTION`; while predicting `TFJS_DATA` for rows of another shape.
 */
export function tfjsPredictor(tf: TensorFlow, model: LayersModel, options: TfjsPredictorOptions = {}): Predictor {
  refuseUnknownOptions('tfjsPredictor', options, { id: true, batchSize: true } satisfies OptionNames<TfjsPredictorOptions>)
  const { id = model.name, batchSize = 256 } = options
  if (model.inputs.length !== 1) throw tfjsError('TFJS_MODEL', `A predictor has one input; the model "${id}" has ${model.inputs.length}.`)
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw tfjsError('TFJS_OPTION', `batchSize must be a whole number of at least 1, got ${String(batchSize)}.`)
  const expected = model.inputs[0]!.shape
  const logits = logitsOf(tf, model)

  return {
    specVersion: 'v1',
    id,
    async predict({ data, shape }, { signal } = {}): Promise<Rows> {
      const sample = shape.slice(1)
      const fits = expected.length === shape.length && expected.slice(1).every((size, axis) => size === null || size === sample[axis])
      const width = sample.reduce((product, size) => product * size, 1)
      if (!fits || data.length !== (shape[0] ?? 0) * width) throw tfjsError('TFJS_DATA', `The model "${id}" takes rows of shape [${expected.slice(1).map((size) => size ?? 'any').join(', ')}], got ${data.length} numbers with the shape [${shape.join(', ')}].`)
      const rows = shape[0] ?? 0
      const parts: Float32Array[] = []
      let answer: readonly number[] = model.outputs[0]!.shape.slice(1).map((size) => size ?? 0)
      for (let first = 0; first < rows; first += batchSize) {
        signal?.throwIfAborted()
        const count = Math.min(batchSize, rows - first)
        const output = logits.run(() => tf.tidy(() => tf.cast(model.predict(tf.tensor(data.subarray(first * width, (first + count) * width), [count, ...sample]), { batchSize: count }) as Tensor, 'float32')))
        answer = output.shape.slice(1)
        try {
          parts.push((await output.data()) as Float32Array)
        } finally {
          output.dispose()
        }
      }
      return { data: concatenated(parts), shape: [rows, ...answer] }
    },
  }
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
