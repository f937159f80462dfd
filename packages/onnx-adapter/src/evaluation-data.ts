import { invalidOption } from './errors.ts'
import type { Truth } from './quality/quality-meter.ts'
import { refuseSharedRows } from './quality/shared-rows.ts'
import { isSingleTensor, rowSize, tensorProblem, type ModelInputs, type TensorData } from './tensor-data.ts'

/** Rows to judge a model on, with either the class or the numbers that each row should give. */
export interface EvaluationData {
  readonly inputs: ModelInputs
  /** Class of each row: whole numbers from 0. */
  readonly labels?: ArrayLike<number>
  /** What the output should be; the first dimension counts the rows. */
  readonly targets?: TensorData
}

/** Rows that a temperature is fitted to: never those that models are judged on. */
export interface CalibrationData {
  readonly inputs: ModelInputs
  /** Class of each row: whole numbers from 0. */
  readonly labels: ArrayLike<number>
  /** Whether a row may occur in both by chance, as in a table of few values (default `refuse`). */
  readonly duplicates?: 'refuse' | 'allow'
}

/** More than this cannot be sent to another process at once. */
const maxBytes = 2 ** 30

/** Throws ONNX_OPTION for data that no model could be judged on. */
export function checkEvaluationData(data: EvaluationData): { readonly inputs: ModelInputs; readonly truth: Truth } {
  if (typeof data !== 'object' || data === null) throw invalidOption('data is { inputs, labels } or { inputs, targets }.')
  const { inputs, labels, targets } = data
  const rows = checkInputs('data.inputs', inputs)
  if ((labels === undefined) === (targets === undefined)) throw invalidOption('data needs either labels (classification) or targets (regression).')
  if (targets !== undefined) {
    checkTensor('data.targets', targets)
    if (targets.dims[0] !== rows) throw invalidOption(`data.targets has ${targets.dims[0]} rows, but the inputs have ${rows}.`)
    const strange = targets.data.findIndex((target) => !Number.isFinite(Number(target)))
    if (strange >= 0) throw invalidOption(`data.targets holds ${String(targets.data[strange])} in row ${Math.floor(strange / rowSize(targets))}: no model can be judged on it.`, { index: strange })
    return { inputs, truth: { targets } }
  }
  return { inputs, truth: { labels: checkLabels('data.labels', labels!, rows) } }
}

/** Throws ONNX_OPTION for rows that are no data of classifiers, or that models are judged on. */
export function checkCalibrationData(data: EvaluationData, calibration: CalibrationData): { readonly inputs: ModelInputs; readonly labels: Int32Array } {
  if (typeof calibration !== 'object' || calibration === null) throw invalidOption('calibration is { inputs, labels }.')
  const { inputs, labels, duplicates = 'refuse' } = calibration
  if (duplicates !== 'refuse' && duplicates !== 'allow') throw invalidOption(`calibration.duplicates is 'refuse' or 'allow', got ${JSON.stringify(duplicates)}.`, { duplicates })
  if (data.labels === undefined) throw invalidOption('calibration fits the temperature of a classifier: data has targets, not labels.')
  const checked = checkLabels('calibration.labels', labels, checkInputs('calibration.inputs', inputs))
  refuseSharedRows(data.inputs, inputs, duplicates)
  return { inputs, labels: checked }
}

/** Throws ONNX_OPTION for data that were fit to judge on, and no longer are: their memory was moved to a worker, or has shrunk. */
export function refuseChangedData({ inputs, targets }: EvaluationData, calibration: CalibrationData | undefined): void {
  const parts = [...namedTensors('data.inputs', inputs), ...(targets === undefined ? [] : [['data.targets', targets] as const]), ...(calibration === undefined ? [] : namedTensors('calibration.inputs', calibration.inputs))]
  for (const [path, tensor] of parts) {
    const problem = tensorProblem(tensor)
    if (problem !== undefined) throw invalidOption(`${path} ${problem}: it has changed since the evaluator was made. Leave the arrays as they are while models are judged; what goes to a worker should be a copy.`)
  }
}

/** The number of rows. Throws ONNX_OPTION. */
export function checkInputs(name: string, inputs: ModelInputs): number {
  if (typeof inputs !== 'object' || inputs === null) throw invalidOption(`${name} is a tensor { data, dims } or { inputName: tensor }.`)
  const tensors = namedTensors(name, inputs)
  const [first] = tensors
  if (first === undefined) throw invalidOption(`${name} holds no tensor.`)
  for (const [path, tensor] of tensors) checkTensor(path, tensor)
  const rows = first[1].dims[0]!
  const other = tensors.find(([, tensor]) => tensor.dims[0] !== rows)
  if (other !== undefined) throw invalidOption(`${other[0]} has ${other[1].dims[0]} rows, but ${first[0]} has ${rows}: the first dimension of every input counts the rows.`)
  const bytes = tensors.reduce((sum, [, tensor]) => sum + tensor.data.byteLength, 0)
  if (bytes > maxBytes) throw invalidOption(`${name} has ${bytes} bytes; at most ${maxBytes} can be evaluated at once. Take fewer rows.`)
  return rows
}

/** Each tensor with its place in the options. */
function namedTensors(name: string, inputs: ModelInputs): readonly (readonly [string, TensorData])[] {
  return isSingleTensor(inputs) ? [[name, inputs]] : Object.entries(inputs).map(([input, tensor]) => [`${name}["${input}"]`, tensor])
}

function checkTensor(path: string, tensor: TensorData): void {
  const problem = tensorProblem(tensor)
  if (problem !== undefined) throw invalidOption(`${path} ${problem}.`)
  if (tensor.dims.length === 0) throw invalidOption(`${path} is a scalar: its first dimension should count the rows.`)
  if (tensor.data.length === 0) throw invalidOption(`${path} is empty (dimensions [${tensor.dims.join(', ')}]): there is nothing to evaluate.`)
}

function checkLabels(name: string, labels: ArrayLike<number>, rows: number): Int32Array {
  if (typeof labels !== 'object' || labels === null || typeof labels.length !== 'number') throw invalidOption(`${name} is a list of whole numbers.`)
  if (labels.length !== rows) throw invalidOption(`There are ${labels.length} labels for ${rows} rows in ${name}.`)
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!
    if (!Number.isInteger(label) || label < 0 || label > 2 ** 31 - 1) throw invalidOption(`${name}[${row}] is ${String(label)}: labels are whole numbers from 0.`, { row, label })
  }
  return Int32Array.from(labels)
}
