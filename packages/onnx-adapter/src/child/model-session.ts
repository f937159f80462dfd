import { OnnxFormatError, readModel } from '@attune/onnx-format'
import type * as OnnxRuntime from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { ModelInfo, SessionSettings, TensorInfo } from '../protocol.ts'
import { elementTypeOf, isSingleTensor, rowSize, sliceRows, type ModelInputs, type TensorArray, type TensorData } from '../tensor-data.ts'
import { Failure, messageOf } from './failure.ts'

type Runtime = typeof OnnxRuntime
export type NamedTensors = { readonly [name: string]: TensorData }

/** A model that is loaded, and what it says of itself. */
export interface ModelSession {
  readonly info: ModelInfo
  /** Inputs under the model's names. Throws ONNX_INPUT if names, types or dimensions are not the model's. */
  bind(inputs: ModelInputs): NamedTensors
  /**
   * Runs batch after batch; the last may be smaller. A model with a fixed batch is fed with that, the last one filled up.
   * Only the wanted outputs (default all) have to be tensors of numbers with a row for each row of the inputs.
   */
  batches(inputs: NamedTensors, batchSize: number, wanted?: readonly string[]): AsyncGenerator<{ readonly first: number; readonly rows: number; readonly outputs: NamedTensors }, void, void>
  /** One run of the whole model, whatever it answers. */
  run(inputs: NamedTensors): Promise<void>
  release(): Promise<void>
}

/** Throws ONNX_MODEL, ONNX_EXTERNAL_DATA, ONNX_PROVIDER or ONNX_RUNTIME_MISSING. */
export async function loadModel(bytes: Uint8Array, settings: SessionSettings): Promise<ModelSession> {
  refuseExternalData(bytes)
  const runtime = await importRuntime()
  const session = await createSession(runtime, bytes, settings)
  const info = { inputs: session.inputMetadata.map(tensorInfo), outputs: session.outputMetadata.map(tensorInfo) }
  const fixedBatch = info.inputs.map((input) => input.shape[0]).find((size) => typeof size === 'number' && size > 0)

  async function run(inputs: NamedTensors, wanted: readonly string[]): Promise<InferenceSession.OnnxValueMapType> {
    const feeds = Object.entries(inputs).map(([name, tensor]) => [name, toTensor(runtime, tensor, typeOfInput(info, name))] as const)
    try {
      return await session.run(Object.fromEntries(feeds), wanted)
    } catch (cause) {
      throw new Failure('ONNX_RUN', `The model failed while running: ${shortened(cause)}.`, { cause })
    }
  }

  return {
    info,
    bind: (inputs) => bindInputs(inputs, info),
    run: async (inputs) => void (await run(inputs, session.outputNames)),
    async *batches(inputs, batchSize, wanted = session.outputNames) {
      const rows = Object.values(inputs)[0]!.dims[0]!
      const step = typeof fixedBatch === 'number' ? fixedBatch : batchSize
      for (let first = 0; first < rows; first += step) {
        const end = Math.min(first + step, rows)
        const missing = typeof fixedBatch === 'number' ? step - (end - first) : 0
        const answers = await run(mapTensors(inputs, (tensor) => repeatLastRow(sliceRows(tensor, first, end), missing)), wanted)
        const outputs = Object.entries(answers).map(([name, value]) => [name, ownRows(fromTensor(name, value), name, end - first, missing)] as const)
        yield { first, rows: end - first, outputs: Object.fromEntries(outputs) }
      }
    },
    release: () => session.release(),
  }
}

function refuseExternalData(bytes: Uint8Array): void {
  let files: readonly string[]
  try {
    files = readModel(bytes).externalFiles
  } catch (cause) {
    if (cause instanceof OnnxFormatError) throw new Failure('ONNX_MODEL', cause.message, { cause })
    throw cause
  }
  // The runtime would look for them in the current folder.
  if (files.length > 0) {
    throw new Failure('ONNX_EXTERNAL_DATA', `The model keeps weights in other files (${files.slice(0, 3).map((file) => JSON.stringify(file)).join(', ')}), which are not opened. Save it as one file: onnx.save_model(model, path, save_as_external_data=False).`)
  }
}

async function importRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw new Failure('ONNX_RUNTIME_MISSING', `onnxruntime-node cannot be loaded: ${messageOf(cause)}. Install it beside @attune/onnx-adapter: npm install onnxruntime-node.`, { cause })
  }
}

async function createSession(runtime: Runtime, bytes: Uint8Array, settings: SessionSettings): Promise<InferenceSession> {
  const { executionProviders, intraOpThreads } = settings
  const onCpu = executionProviders.includes('cpu')
  const wanted = executionProviders.map((provider) => `"${provider}"`).join(', ')
  const known = runtime.listSupportedBackends()
  const unknown = executionProviders.find((provider) => known.every((backend) => backend.name !== provider))
  // The runtime quietly leaves out a name that it does not know if another one is known.
  if (unknown !== undefined) throw new Failure('ONNX_PROVIDER', `Provider "${unknown}" is not available: onnxruntime-node knows ${known.map((backend) => backend.name).join(', ')} on this platform.`)
  try {
    return await runtime.InferenceSession.create(bytes, {
      executionProviders,
      intraOpNumThreads: intraOpThreads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Without this the runtime quietly puts on the CPU what a provider cannot run.
      ...(onCpu ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
    })
  } catch (cause) {
    const text = messageOf(cause)
    if (/fallback to CPU EP has been explicitly disabled/.test(text)) {
      throw new Failure('ONNX_PROVIDER', `Provider ${wanted} cannot run all of the model. To let the CPU run the rest, add 'cpu' at the end of executionProviders.`, { cause })
    }
    if (/AppendExecutionProvider|shared library|WebGPU adapter/.test(text)) {
      const bundled = known.filter((backend) => backend.bundled).map((backend) => backend.name)
      throw new Failure('ONNX_PROVIDER', `Provider ${wanted} is not available: ${shortened(cause)}. onnxruntime-node brings ${bundled.join(', ')}; others need their libraries, and all but cpu a driver.`, { cause })
    }
    throw new Failure('ONNX_MODEL', `ONNX Runtime refuses the model: ${shortened(cause)}.`, { cause })
  }
}

/** The runtime's messages begin with C++ signatures; what is wrong stands at the end. */
function shortened(error: unknown): string {
  const text = messageOf(error).replace(/\s+/g, ' ').replace(/[. ]+$/, '')
  return text.length <= 400 ? text : `… ${text.slice(-400)}`
}

function tensorInfo(metadata: InferenceSession.ValueMetadata): TensorInfo {
  if (!metadata.isTensor) throw new Failure('ONNX_MODEL', `"${metadata.name}" of the model is a sequence or a map; only tensors are supported. Export a classifier without ZipMap.`)
  return { name: metadata.name, type: metadata.type, shape: [...metadata.shape] }
}

function typeOfInput(info: ModelInfo, name: string): string {
  return info.inputs.find((input) => input.name === name)!.type
}

function bindInputs(inputs: ModelInputs, info: ModelInfo): NamedTensors {
  const names = info.inputs.map((input) => input.name)
  const listed = names.map((name) => `"${name}"`).join(', ')
  if (isSingleTensor(inputs) && names.length !== 1) throw new Failure('ONNX_INPUT', `The model has ${names.length} inputs (${listed}): give { name: tensor } for each.`)
  const named: NamedTensors = isSingleTensor(inputs) ? { [names[0]!]: inputs } : inputs
  const unknown = Object.keys(named).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Failure('ONNX_INPUT', `The model has no input "${unknown}"; it has ${listed}.`)
  for (const input of info.inputs) {
    const tensor = named[input.name]
    if (tensor === undefined) throw new Failure('ONNX_INPUT', `The model's input "${input.name}" is missing.`)
    const type = elementTypeOf(tensor.data)
    if (type !== input.type && !(input.type === 'bool' && type === 'uint8')) throw new Failure('ONNX_INPUT', `Input "${input.name}" is ${type}, but the model takes ${input.type}.`)
    // Without a shape in the model the runtime says [].
    const fits = input.shape.length === 0 || (tensor.dims.length === input.shape.length && input.shape.every((size, axis) => axis === 0 || typeof size !== 'number' || size < 0 || size === tensor.dims[axis]))
    if (!fits) throw new Failure('ONNX_INPUT', `Input "${input.name}" has the dimensions [${tensor.dims.join(', ')}], but the model takes [${input.shape.join(', ')}].`)
  }
  return named
}

function toTensor(runtime: Runtime, tensor: TensorData, type: string): Tensor {
  const constructor = runtime.Tensor as new (type: string, data: TensorArray, dims: readonly number[]) => Tensor
  return new constructor(type, tensor.data, tensor.dims)
}

function fromTensor(name: string, value: InferenceSession.OnnxValueMapType[string]): TensorData {
  const data = 'data' in value ? value.data : undefined
  if (elementTypeOf(data) === undefined) throw new Failure('ONNX_OUTPUT', `Output "${name}" is ${'type' in value ? value.type : 'no tensor'}: only numbers are supported. Cast it in the model.`)
  return { data: data as TensorArray, dims: [...value.dims] }
}

function mapTensors(tensors: NamedTensors, change: (tensor: TensorData) => TensorData): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor)]))
}

function repeatLastRow(tensor: TensorData, times: number): TensorData {
  if (times === 0) return tensor
  const rows = tensor.dims[0]!
  const size = rowSize(tensor)
  const data = new (tensor.data.constructor as new (length: number) => TensorArray)((rows + times) * size)
  for (let row = 0; row < rows + times; row++) {
    const source = Math.min(row, rows - 1)
    data.set(tensor.data.subarray(source * size, (source + 1) * size) as never, row * size)
  }
  return { data, dims: [rows + times, ...tensor.dims.slice(1)] }
}

function ownRows(tensor: TensorData, name: string, rows: number, filled: number): TensorData {
  if (tensor.dims[0] !== rows + filled) {
    throw new Failure('ONNX_OUTPUT', `Output "${name}" has the dimensions [${tensor.dims.join(', ')}] for ${rows + filled} rows: its first dimension should be the row.`)
  }
  return sliceRows(tensor, 0, rows)
}
