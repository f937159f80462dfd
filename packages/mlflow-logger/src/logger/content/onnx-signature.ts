import { readModel, type ValueInfo } from '@attune/onnx-format'

/** Names in NumPy, which MLflow's signatures use; those that it lacks have none. */
const numpyTypes: { readonly [type: string]: string } = {
  float32: 'float32', float64: 'float64', float16: 'float16', bool: 'bool', string: 'str',
  int8: 'int8', uint8: 'uint8', int16: 'int16', uint16: 'uint16', int32: 'int32', uint32: 'uint32', int64: 'int64', uint64: 'uint64',
}

interface TensorSpec {
  readonly name: string
  readonly type: 'tensor'
  readonly 'tensor-spec': { readonly dtype: string; readonly shape: readonly number[] }
}

/** MLflow's signature of a model; undefined where its graph says something that a signature cannot (sequences, unknown ranks). Throws what `readModel` throws. */
export function onnxSignature(bytes: Uint8Array): { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] } | undefined {
  const { inputs, outputs } = readModel(bytes)
  const [ins, outs] = [inputs.map(tensorSpec), outputs.map(tensorSpec)]
  return ins.length === 0 || outs.length === 0 || !ins.every(isKnown) || !outs.every(isKnown) ? undefined : { inputs: ins, outputs: outs }
}

function tensorSpec({ name, kind, elementType = '', shape }: ValueInfo): TensorSpec | undefined {
  const dtype = numpyTypes[elementType]
  if (kind !== 'tensor' || dtype === undefined || shape === undefined) return undefined
  return { name, type: 'tensor', 'tensor-spec': { dtype, shape: shape.map((size) => (typeof size === 'number' ? size : -1)) } }
}

function isKnown(spec: TensorSpec | undefined): spec is TensorSpec {
  return spec !== undefined
}
