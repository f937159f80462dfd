import type { LayerScope } from './layer-scope.ts'
import type { Run } from './recurrent-run.ts'
import { scannedCell } from './scanned-cell.ts'
import { value, type Value } from './value.ts'
import type { Weight } from './weight.ts'

interface CellForm {
  readonly operator: 'RNN' | 'LSTM' | 'GRU'
  /** Which gate of TensorFlow.js each gate of ONNX is: LSTM has i, f, c, o there and i, o, f, c here. */
  readonly gates: readonly number[]
  /** The settings that name the activations, in ONNX's order. */
  readonly activations: readonly ('activation' | 'recurrentActivation')[]
}

/** GRU as TensorFlow.js has it, the reset gate before the product (it refuses resetAfter), is ONNX's default. */
const cells: { readonly [className: string]: CellForm } = {
  SimpleRNNCell: { operator: 'RNN', gates: [0], activations: ['activation'] },
  LSTMCell: { operator: 'LSTM', gates: [0, 3, 1, 2], activations: ['recurrentActivation', 'activation', 'activation'] },
  GRUCell: { operator: 'GRU', gates: [0, 1, 2], activations: ['recurrentActivation', 'activation'] },
}

/** An activation of ONNX's recurrent operators, with its numbers. */
interface CellActivation {
  readonly name: string
  readonly alpha?: number
  readonly beta?: number
}

/** Not Softplus, which overflows for large numbers in ONNX Runtime's recurrent operators. */
const activations: { readonly [name: string]: CellActivation } = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  hardSigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  relu: { name: 'Relu' },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  softsign: { name: 'Softsign' },
  elu: { name: 'Elu', alpha: 1 },
}

/** Runs one cell over a sequence, time first as ONNX wants it. */
export async function recurrentCell(scope: LayerScope, input: Value, initial: readonly Value[], backwards: boolean): Promise<Run> {
  const className = scope.layer.getClassName()
  if (className === 'ConvLSTM2DCell') return scannedCell(scope, input, initial, backwards)
  const form = Object.hasOwn(cells, className) ? cells[className] : undefined
  if (form === undefined) throw scope.error('it is a cell without a form here', `There are ${Object.keys(cells).join(', ')} and ConvLSTM2DCell`)
  const used = form.activations.flatMap((key) => {
    const name = scope.config.text(key, 'linear')
    return Object.hasOwn(activations, name) ? [activations[name] as CellActivation] : []
  })
  if (input.mask !== undefined || used.length < form.activations.length) return scannedCell(scope, input, initial, backwards)
  const kernel = await scope.requiredWeight('kernel')
  const recurrentKernel = await scope.requiredWeight('recurrent_kernel')
  const bias = await scope.weight('bias')
  const units = recurrentKernel.dims[0] as number
  const inputs = [
    scope.arranged(input, [1, 0, 2]).name,
    scope.constant('kernel', () => gateRows(kernel, units, form.gates)),
    scope.constant('recurrent_kernel', () => gateRows(recurrentKernel, units, form.gates)),
    bias === undefined ? '' : scope.constant('bias', () => gateBiases(bias, units, form.gates)),
    '', // lengths of the sequences: all are whole
    ...initial.map((state) => scope.node('Unsqueeze', [scope.natural(state).name, scope.integers('first', [0])])),
  ]
  const count = form.operator === 'LSTM' ? 3 : 2
  const [sequence, ...states] = scope.nodes(form.operator, trimmed(inputs), {
    hidden_size: { int: units },
    direction: { string: backwards ? 'reverse' : 'forward' },
    activations: { strings: used.map(({ name }) => name) },
    // One list for all activations: each that has such a number takes the next one.
    ...(used.some(({ alpha }) => alpha !== undefined) ? { activation_alpha: { floats: used.flatMap(({ alpha }) => alpha ?? []) } } : {}),
    ...(used.some(({ beta }) => beta !== undefined) ? { activation_beta: { floats: used.flatMap(({ beta }) => beta ?? []) } } : {}),
  }, count) as [string, ...string[]]
  const batch = input.shape[0] ?? null
  const squeezed = (name: string, axis: 0 | 1): string => scope.node('Squeeze', [name, scope.integers('squeezed', [axis])])
  return {
    sequence: { name: squeezed(sequence, 1), shape: [batch, input.shape[1] ?? null, units], layout: [1, 0, 2], type: 'float32' },
    states: states.map((name) => value(squeezed(name, 0), [batch, units])),
  }
}

function trimmed(inputs: readonly string[]): readonly string[] {
  return inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1)
}

/** [inputs, gates · units] to [1, gates · units, inputs], the gates in ONNX's order. */
function gateRows(kernel: Weight, units: number, gates: readonly number[]): Weight {
  const [inputs, columns] = kernel.dims as [number, number]
  const data = new Float32Array(kernel.data.length)
  let to = 0
  for (const gate of gates) {
    for (let unit = 0; unit < units; unit++) {
      for (let input = 0; input < inputs; input++) data[to++] = kernel.data[input * columns + gate * units + unit] as number
    }
  }
  return { data, dims: [1, columns, inputs] }
}

/** ONNX adds two biases; TensorFlow.js has one. */
function gateBiases(bias: Weight, units: number, gates: readonly number[]): Weight {
  const data = new Float32Array(2 * bias.data.length)
  for (const [index, gate] of gates.entries()) data.set(bias.data.subarray(gate * units, (gate + 1) * units), index * units)
  return { data, dims: [1, data.length] }
}
