import { hash } from 'node:crypto'
import { invalidOption } from '../errors.ts'
import { isSingleTensor, type ModelInputs, type TensorData } from '../tensor-data.ts'

/**
 * Throws ONNX_OPTION if rows that models are judged on are also among those that temperatures are fitted to: the same memory,
 * or, unless duplicates are allowed, equal content. What is fitted to the judge's rows flatters.
 */
export function refuseSharedRows(judged: ModelInputs, calibration: ModelInputs, duplicates: 'refuse' | 'allow'): void {
  const [first, second] = [tensorsOf(judged), tensorsOf(calibration)]
  if (first.some((one) => second.some((other) => overlap(one.data, other.data)))) {
    throw invalidOption('calibration.inputs are memory of data.inputs: a temperature that is fitted to the rows that it is judged on looks better than it is. Fit it to other rows.')
  }
  if (duplicates === 'allow') return
  const known = new Set(digests(first))
  const rows = digests(second)
  const shared = rows.filter((row) => known.has(row)).length
  if (shared > 0) {
    throw invalidOption(`${shared} of the ${rows.length} rows of calibration.inputs are also in data.inputs: a temperature that is fitted to the rows that it is judged on looks better than it is. Fit it to other rows; if they are equal by chance, as in a table of few values, say calibration.duplicates: 'allow'.`, { shared })
  }
}

/** By name, so that the order in which they are given does not matter. */
function tensorsOf(inputs: ModelInputs): readonly TensorData[] {
  if (isSingleTensor(inputs)) return [inputs]
  return Object.keys(inputs).sort().map((name) => inputs[name]!)
}

function overlap(a: TensorData['data'], b: TensorData['data']): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}

function digests(tensors: readonly TensorData[]): readonly string[] {
  const bytes = tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  const rows = tensors[0]!.dims[0]!
  return Array.from({ length: rows }, (_, row) => {
    const parts = bytes.map((all) => all.subarray((all.length / rows) * row, (all.length / rows) * (row + 1)))
    return hash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'base64')
  })
}
