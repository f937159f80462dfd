import { OnnxFormatError, quantize, readModel, type OnnxModel } from '@attune/onnx-format'
import type * as OnnxRuntime from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { providerRemedies, type ExecutionProvider } from '../execution-provider.ts'
import type { ModelInfo, SessionSettings, TensorInfo } from '../protocol.ts'
import { elementTypeOf, isSingleTensor, rowSize, sliceRows, type ModelInputs, type TensorArray, type TensorData } from '../tensor-data.ts'
import { readExternalFiles, type ExternalFile } from './external-data.ts'
import { Failure, messageOf } from './failure.ts'

type Runtime = typeof OnnxRuntime
export type NamedTensors = { readonly [name: string]: TensorData }

/** A model that is loaded, and what it says of itself. */
export interface ModelSession {
  readonly info: ModelInfo
  /** Rows of each run, where the model fixes them. */
  readonly fixedBatch: number | undefined
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

/** A model that can be loaded. */
export interface PreparedModel {
  /** As it is served: with its weights in the wanted precision. */
  readonly bytes: Uint8Array
  readonly external: readonly ExternalFile[]
  /** Of the model and its external data. */
  readonly size: number
  /** As it was before its weights were stored in fewer bits. */
  readonly model: OnnxModel
}

/** Throws ONNX_MODEL, ONNX_TOO_LARGE, ONNX_EXTERNAL_DATA or ONNX_PRECISION. */
export async function prepareModel(source: Uint8Array, settings: SessionSettings): Promise<PreparedModel> {
  const model = formatOf(() => readModel(source), 'ONNX_MODEL')
  const external = await readExternalFiles(model.externalFiles, source.length, settings)
  const { precision } = settings
  const bytes = precision === 'float32' ? source : formatOf(() => quantize(source, { weights: precision }).bytes, 'ONNX_PRECISION')
  return { bytes, external, size: external.reduce((sum, { data }) => sum + data.length, bytes.length), model }
}

/** Gives what @attune/onnx-format refuses a code of this package. */
function formatOf<T>(work: () => T, code: string): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof OnnxFormatError) throw new Failure(cause.code === 'ONNX_TOO_LARGE' ? 'ONNX_TOO_LARGE' : code, cause.message, { cause })
    throw cause
  }
}

/** Throws ONNX_MODEL, ONNX_PROVIDER or ONNX_RUNTIME_MISSING. */
export async function loadModel(prepared: PreparedModel, settings: SessionSettings): Promise<ModelSession> {
  const runtime = await importRuntime()
  const session = await createSession(runtime, prepared, settings)
  const info = { inputs: session.inputMetadata.map(tensorInfo), outputs: session.outputMetadata.map(tensorInfo) }
  const fixedBatch = info.inputs.map((input) => input.shape[0]).find((size): size is number => typeof size === 'number' && size > 0)

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
    fixedBatch,
    bind: (inputs) => bindInputs(inputs, info),
    run: async (inputs) => void (await run(inputs, session.outputNames)),
    async *batches(inputs, batchSize, wanted = session.outputNames) {
      const rows = Object.values(inputs)[0]!.dims[0]!
      const step = fixedBatch ?? batchSize
      for (let first = 0; first < rows; first += step) {
        const end = Math.min(first + step, rows)
        const missing = fixedBatch === undefined ? 0 : step - (end - first)
        const answers = await run(mapTensors(inputs, (tensor) => repeatLastRow(sliceRows(tensor, first, end), missing)), wanted)
        const outputs = Object.entries(answers).map(([name, value]) => [name, ownRows(fromTensor(name, value), name, end - first, missing)] as const)
        yield { first, rows: end - first, outputs: Object.fromEntries(outputs) }
      }
    },
    release: () => session.release(),
  }
}

/** Throws ONNX_RUNTIME_MISSING. */
export async function importRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw new Failure('ONNX_RUNTIME_MISSING', `onnxruntime-node cannot be loaded: ${messageOf(cause)}. Install it beside @attune/onnx-adapter: npm install onnxruntime-node.`, { cause })
  }
}

async function createSession(runtime: Runtime, { bytes, external }: PreparedModel, settings: SessionSettings): Promise<InferenceSession> {
  const { executionProviders, intraOpThreads, graphOptimizationLevel, precision } = settings
  const onCpu = executionProviders.includes('cpu')
  const wanted = executionProviders.map((provider) => `"${provider}"`).join(', ')
  const known = runtime.listSupportedBackends()
  const unknown = executionProviders.find((provider) => known.every((backend) => backend.name !== provider))
  // The runtime quietly leaves out a name that it does not know if another one is known.
  if (unknown !== undefined) throw new Failure('ONNX_PROVIDER', `Provider "${unknown}" is not available: onnxruntime-node knows ${known.map((backend) => backend.name).join(', ')} on this platform.`, { remedy: remedyFor([unknown]) })
  try {
    return await runtime.InferenceSession.create(bytes, {
      executionProviders,
      intraOpNumThreads: intraOpThreads,
      interOpNumThreads: 1,
      graphOptimizationLevel,
      logSeverityLevel: 3,
      ...(external.length === 0 ? {} : { externalData: [...external] }),
      extra: {
        session: {
          // Without this the runtime quietly puts on the CPU what a provider cannot run.
          ...(onCpu ? {} : { disable_cpu_ep_fallback: '1' }),
          // Weights that only we stored in 8 bits become float32 when the model is loaded, not at each run.
          ...(precision === 'int8' ? { disable_quant_qdq: '1' } : {}),
        },
      },
    })
  } catch (cause) {
    const text = messageOf(cause)
    if (/fallback to CPU EP has been explicitly disabled/.test(text)) {
      throw new Failure('ONNX_PROVIDER', `Provider ${wanted} cannot run all of the model. To let the CPU run the rest, add 'cpu' at the end of executionProviders.`, { cause })
    }
    if (/AppendExecutionProvider|shared library|WebGPU adapter/.test(text)) {
      throw new Failure('ONNX_PROVIDER', `Provider ${wanted} is not available: ${shortened(cause)}.`, { cause, remedy: remedyFor(executionProviders) })
    }
    throw new Failure('ONNX_MODEL', `ONNX Runtime refuses the model: ${shortened(cause)}.`, { cause })
  }
}

function remedyFor(providers: readonly ExecutionProvider[]): string {
  const named = providers.filter((provider) => provider !== 'cpu' || providers.length === 1)
  const help = named.map((provider) => (named.length === 1 ? providerRemedies[provider] : `"${provider}": ${providerRemedies[provider]}`)).join(' ')
  return `${help} Or leave ${named.map((provider) => `"${provider}"`).join(', ')} out of executionProviders, or of the providers of servingSpace: listExecutionProviders() tells which can be used here.`
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
  const type = elementTypeOf(data)
  // Where Node has no Float16Array, halves come as the bits of a Uint16Array.
  if (type === undefined || !('type' in value) || (value.type !== type && !(value.type === 'bool' && type === 'uint8'))) throw new Failure('ONNX_OUTPUT', `Output "${name}" is ${'type' in value ? value.type : 'no tensor'}: only numbers are supported. Cast it in the model.`)
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

/** `count` rows from `first` on, beginning again where they end. */
export function cycledRows(tensors: NamedTensors, first: number, count: number): NamedTensors {
  return mapTensors(tensors, (tensor) => {
    const rows = tensor.dims[0]!
    if (first + count <= rows) return sliceRows(tensor, first, first + count)
    const size = rowSize(tensor)
    const data = new (tensor.data.constructor as new (length: number) => TensorArray)(count * size)
    for (let row = 0; row < count; row++) data.set(sliceRows(tensor, (first + row) % rows, ((first + row) % rows) + 1).data as never, row * size)
    return { data, dims: [count, ...tensor.dims.slice(1)] }
  })
}

function ownRows(tensor: TensorData, name: string, rows: number, filled: number): TensorData {
  if (tensor.dims[0] !== rows + filled) {
    throw new Failure('ONNX_OUTPUT', `Output "${name}" has the dimensions [${tensor.dims.join(', ')}] for ${rows + filled} rows: its first dimension should be the row.`)
  }
  return sliceRows(tensor, 0, rows)
}
