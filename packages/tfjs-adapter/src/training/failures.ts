import { AttuneError, isAttuneError } from '@attune/core'
import { messageOf, tfjsError } from '../error.ts'
import type { Tensor, TensorFlow } from '../tensorflow.ts'

/**
 * How the backends say that memory is at its end: V8 and other engines (plain JavaScript, and the heap of wasm), Emscripten, TensorFlow,
 * WebGPU and WebGL. A `memory access out of bounds` on wasm is an allocation that failed and was written to all the same.
 */
const OUT_OF_MEMORY = /array buffer allocation failed|invalid (typed )?array (buffer )?length|out of memory|allocation failed|\boom\b|cannot enlarge memory|memory access out of bounds|resource ?exhausted|failed to allocate|createbuffer.*(size|larger)|maxbuffersize|requested texture size|std::bad_alloc/i

/** In the words of a user, if it is a failure that TensorFlow.js tells in words of its own. */
export function explainFailure(error: unknown, context: { readonly batchSize: number; readonly backend: string }): unknown {
  if (isAttuneError(error)) return error
  const message = messageOf(error)
  if (OUT_OF_MEMORY.test(message)) {
    const { batchSize, backend } = context
    const remedy = batchSize > 1 ? `A smaller batchSize with accumulate gives the same steps with less memory (batchSize ${Math.ceil(batchSize / 2)}, accumulate 2); so does a smaller network.` : 'Only a smaller network, or a backend with more memory, helps: batchSize is 1 already.'
    return new AttuneError('OUT_OF_MEMORY', `The backend "${backend}" ran out of memory with batches of ${batchSize}: ${message.split('\n', 1)[0]} ${remedy}`, { cause: error, details: { backend, batchSize } })
  }
  const [, kernel, backend] = /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(message) ?? []
  if (kernel === undefined) return error
  return tfjsError('TFJS_KERNEL', `The backend "${backend}" has no kernel ${kernel}, which this model needs for training. Use node() (npm install @tensorflow/tfjs-node) or cpu(), or another layer.`, { cause: error, details: { kernel, backend } })
}

/** tfjs keeps what a gradient needs until it has been computed, and so for ever if that fails. */
export function disposeTape(tf: TensorFlow): void {
  const { state } = tf.engine() as unknown as { readonly state?: { activeTape?: readonly { readonly saved?: readonly (Tensor | null)[] }[] | null } }
  if (state?.activeTape === undefined || state.activeTape === null) return
  for (const { saved } of state.activeTape) for (const tensor of saved ?? []) tensor?.dispose()
  state.activeTape = null
}

/**
 * A loss, or a weight, that is no number any more. `step` is that of the optimiser, from 1; `problem` says the rest, as in "loss is NaN in batch 3 of
 * epoch 1".
 */
export function divergence({ problem, ...found }: { readonly problem: string; readonly metric: string; readonly value: number; readonly step: number }, last: { readonly step: number; readonly metrics: { readonly [metric: string]: number } } | undefined): AttuneError {
  const before = last === undefined ? 'Nothing was reported before by this attempt.' : `The last good values, at step ${last.step}: ${Object.entries(last.metrics).map(([name, good]) => `${name} ${Number(good.toPrecision(6))}`).join(', ')}.`
  return new AttuneError('INVALID_METRIC', `Training diverged: ${problem} (step ${found.step} of the optimiser). ${before} A smaller learning rate, clip or warm-up usually helps.`, { details: { ...found, lastStep: last?.step, lastMetrics: last?.metrics } })
}
