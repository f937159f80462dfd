import { activate } from './activations.ts'
import type { LayerScope } from './layer-scope.ts'
import { convolutionAttributes, dataFormat, outputsFirst } from './layers/convolutions.ts'
import { channelsSecond, natural, value, type Layout, type Shape } from './value.ts'
import type { Weight } from './weight.ts'

/** A cell written out node by node, as TensorFlow.js computes it. */
export interface WrittenCell {
  /** The shape of each of its states, in the order of the nodes: rows, or images with channels second. */
  readonly state: Shape
  readonly states: 1 | 2
  /** From what comes in and the states before to the states after; the first state is what the cell puts out. */
  readonly step: (x: string, states: readonly string[]) => readonly string[]
}

/** Of SimpleRNN, GRU and LSTM. */
export async function denseCell(scope: LayerScope): Promise<WrittenCell> {
  const kernel = await scope.requiredWeight('kernel')
  const recurrentKernel = await scope.requiredWeight('recurrent_kernel')
  const bias = await scope.weight('bias')
  const units = recurrentKernel.dims[0] as number
  const state = [null, units]
  const { main, gate } = activations(scope, natural(2))
  const inner = (x: string): string => scope.node('Gemm', [x, scope.constant('input_kernel', () => kernel), ...(bias === undefined ? [] : [scope.constant('input_bias', () => bias)])])
  const product = (h: string, from: number, to: number): string => scope.node('MatMul', [h, scope.constant(`recurrent_kernel_${from}_${to}`, () => columns(recurrentKernel, from, to))])
  if (scope.layer.getClassName() === 'GRUCell') {
    return { state, states: 1, step: (x, [before]) => {
      const h = before as string
      const [xz, xr, xh] = split(scope, inner(x), 3, -1) as [string, string, string]
      const [hz, hr] = split(scope, product(h, 0, 2 * units), 2, -1) as [string, string]
      const z = gate(scope.node('Add', [xz, hz]))
      const r = gate(scope.node('Add', [xr, hr]))
      const candidate = main(scope.node('Add', [xh, product(scope.node('Mul', [r, h]), 2 * units, 3 * units)]))
      return [scope.node('Add', [scope.node('Mul', [z, h]), scope.node('Mul', [scope.node('Sub', [scope.scalar('one', 1), z]), candidate])])]
    } }
  }
  const sum = (x: string, h: string): string => scope.node('Add', [inner(x), product(h, 0, recurrentKernel.dims[1] as number)])
  if (scope.layer.getClassName() === 'LSTMCell') return { state, states: 2, step: (x, [h, c]) => lstm(scope, split(scope, sum(x, h as string), 4, -1), c as string, natural(2)) }
  return { state, states: 1, step: (x, [h]) => [main(sum(x, h as string))] }
}

/** Of ConvLSTM2D. `given` is the shape of one step, channels second. */
export async function convolutionCell(scope: LayerScope, given: Shape): Promise<WrittenCell> {
  const kernel = await scope.requiredWeight('kernel')
  const recurrentKernel = await scope.requiredWeight('recurrent_kernel')
  const bias = await scope.weight('bias')
  const size = kernel.dims.slice(0, 2)
  const [strides, dilations] = [scope.config.numbers('strides', 2, 1), scope.config.numbers('dilationRate', 2, 1)]
  const lengths = given.slice(2).map((length, axis) => {
    if (length === null) throw scope.error('the size of its images is left open', 'Fix it')
    const beyond = scope.config.text('padding', 'valid') === 'same' ? 0 : ((size[axis] as number) - 1) * (dilations[axis] as number)
    return Math.ceil((length - beyond) / (strides[axis] as number))
  })
  const before = size.map((length) => Math.floor((length - 1) / 2))
  const after = size.map((length) => Math.ceil((length - 1) / 2))
  const attributes = convolutionAttributes(scope, value('', given), 'dilationRate')
  return { state: [null, recurrentKernel.dims[2] as number, ...lengths], states: 2, step: (x, [h, c]) => {
    const fromInput = scope.node('Conv', [x, scope.constant('kernel', () => outputsFirst(kernel)), ...(bias === undefined ? [] : [scope.constant('bias', () => bias)])], attributes)
    const fromState = scope.node('Conv', [h as string, scope.constant('recurrent_kernel', () => outputsFirst(recurrentKernel))], { kernel_shape: { ints: size }, pads: { ints: [...before, ...after] } })
    return lstm(scope, split(scope, scope.node('Add', [fromInput, fromState]), 4, 1), c as string, channelsSecond(4, dataFormat(scope)))
  } }
}

/** From the sums of the gates i, f, c and o. */
function lstm(scope: LayerScope, sums: readonly string[], c: string, layout: Layout): readonly string[] {
  const { main, gate } = activations(scope, layout)
  const [i, f, candidate, o] = sums as readonly [string, string, string, string]
  const kept = scope.node('Add', [scope.node('Mul', [gate(f), c]), scope.node('Mul', [gate(i), main(candidate)])])
  return [scope.node('Mul', [gate(o), main(kept)]), kept]
}

function activations(scope: LayerScope, layout: Layout): { readonly [kind in 'main' | 'gate']: (name: string) => string } {
  const apply = (key: string) => (name: string): string => activate(scope, scope.config.text(key, 'linear'), { name, shape: layout.map(() => null), layout, type: 'float32' }).name
  return { main: apply('activation'), gate: apply('recurrentActivation') }
}

function split(scope: LayerScope, name: string, parts: number, axis: number): readonly string[] {
  return scope.nodes('Split', [name], { axis: { int: axis }, num_outputs: { int: parts } }, parts)
}

function columns(weight: Weight, from: number, to: number): Weight {
  const [rows, width] = weight.dims as [number, number]
  if (to - from === width) return weight
  const data = new Float32Array(rows * (to - from))
  for (let row = 0; row < rows; row++) data.set(weight.data.subarray(row * width + from, row * width + to), row * (to - from))
  return { data, dims: [rows, to - from] }
}
