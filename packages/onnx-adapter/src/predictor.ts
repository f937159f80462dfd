import { onnxError } from './errors.ts'
import { checkInputs } from './evaluation-data.ts'
import { readModelBytes, type ModelSource } from './model-source.ts'
import { areTensors, isModelInfo, type ModelInfo } from './protocol.ts'
import { createRuntimeProcess } from './runtime-process.ts'
import { checkSessionOptions, count, sessionOptionNames, type SessionOptions } from './session-options.ts'
import type { ModelInputs, TensorData } from './tensor-data.ts'
import { refuseUnknownOptions, type OptionNames } from './unknown-options.ts'

/** Options of `openPredictor`. */
export interface OpenOptions extends SessionOptions {
  /** Gives up loading the model; rejects with ONNX_ABORTED. */
  readonly signal?: AbortSignal
}

/** Options of one prediction. */
export interface PredictOptions {
  readonly signal?: AbortSignal
  /** Rows of one run (default all; a model with a fixed batch is run with that). */
  readonly batchSize?: number
}

export const openOptionNames: OptionNames<OpenOptions> = { ...sessionOptionNames, signal: true }

/** A loaded model. */
export interface OnnxPredictor extends ModelInfo, AsyncDisposable {
  /** The outputs by name, one row for each row of the inputs. Rejects as `OnnxEvaluator.evaluate` does, and with ONNX_CLOSED once the model is closed. */
  predict(inputs: ModelInputs, options?: PredictOptions): Promise<{ readonly [output: string]: TensorData }>
  /** Ends the process for good, with predictions that are still under way. */
  close(): Promise<void>
}

/**
 * Loads a model to run it on inputs of one's own, in a process as `onnxEvaluator` does: to compare its answers with
 * those of the framework it came from. Rejects as `OnnxEvaluator.evaluate` does.
 */
export async function openPredictor(source: ModelSource, options: OpenOptions = {}): Promise<OnnxPredictor> {
  refuseUnknownOptions('openPredictor', options, openOptionNames)
  const { session, timeout, maxModelBytes, maxMemoryBytes } = checkSessionOptions(options)
  const model = await readModelBytes(source, maxModelBytes)
  const runtime = createRuntimeProcess([{ type: 'load', model, session }], maxMemoryBytes)
  const info = await runtime.request({ type: 'describe' }, { signal: options.signal, timeout }).catch(async (error: unknown) => {
    await runtime.close()
    throw error
  })
  if (!isModelInfo(info)) {
    await runtime.close()
    throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that describes no model.')
  }
  // Ends what runs and what waits: either would otherwise have another process started, which nobody closes.
  const closed = new AbortController()
  const refused = (): Error => onnxError('ONNX_CLOSED', 'The model was closed: open it again for more predictions, or close it after the last one.')
  async function close(): Promise<void> {
    closed.abort()
    await runtime.close()
  }
  return {
    inputs: info.inputs,
    outputs: info.outputs,
    async predict(inputs, { signal, batchSize } = {}) {
      if (closed.signal.aborted) throw refused()
      const rows = checkInputs('inputs', inputs)
      const stopped = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal])
      const outputs = await runtime.request({ type: 'predict', inputs, batchSize: batchSize === undefined ? rows : count('batchSize', batchSize, 1) }, { signal: stopped, timeout }).catch((error: unknown) => {
        throw closed.signal.aborted && signal?.aborted !== true ? refused() : error
      })
      if (!areTensors(outputs)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that is no set of tensors.')
      return outputs
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
