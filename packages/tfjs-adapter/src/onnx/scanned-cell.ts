import { convolutionCell, denseCell } from './cell-steps.ts'
import type { LayerScope } from './layer-scope.ts'
import { dataFormat } from './layers/convolutions.ts'
import type { Run } from './recurrent-run.ts'
import { channelsSecond, natural, type Layout, type Shape, type Value } from './value.ts'

/**
 * Runs a cell over a sequence as a Scan, one step after the other: slower than ONNX's recurrent operators, for what these
 * cannot do, which is masks, other activations and convolutions. A step that does not count leaves the states as they were.
 */
export async function scannedCell(scope: LayerScope, input: Value, initial: readonly Value[], backwards: boolean): Promise<Run> {
  const images = input.shape.length === 5
  const within: Layout = images ? channelsSecond(4, dataFormat(scope)) : natural(2)
  const layout = [1, 0, ...within.slice(1).map((axis) => axis + 1)]
  const sequence = scope.arranged(input, layout)
  const given = [null, ...layout.slice(2).map((axis) => input.shape[axis] ?? null)]
  const cell = images ? await convolutionCell(scope, given) : await denseCell(scope)
  const states = Array.from({ length: cell.states }, (_, index) => {
    const state = initial[index]
    return state === undefined ? zeros(scope, sequence.name, cell.state) : scope.arranged(state, within).name
  })
  const masks = input.mask === undefined ? [] : [stepsOf(scope, input.mask.name, images)]
  const body = scope.subgraph([...states.map(() => cell.state), given, ...masks.map(() => [null, 1])], (names) => {
    const before = names.slice(0, states.length)
    const made = cell.step(names[states.length] as string, before)
    const counts = names[states.length + 1]
    const after = counts === undefined ? made : made.map((name, index) => masked(scope, name, before[index] as string, counts))
    return [...after, after[0] as string].map((name) => ({ name, shape: cell.state }))
  })
  const direction = backwards ? 1 : 0
  const outputs = scope.nodes('Scan', [...states, sequence.name, ...masks], {
    body,
    num_scan_inputs: { int: 1 + masks.length },
    scan_input_directions: { ints: [direction, ...masks.map(() => direction)] },
    scan_output_directions: { ints: [direction] },
  }, states.length + 1)
  const state = natural(within.length).map((axis) => (axis === 0 ? (input.shape[0] ?? null) : (cell.state[within.indexOf(axis)] ?? null)))
  return {
    sequence: { name: outputs.at(-1) as string, shape: [state[0] ?? null, input.shape[1] ?? null, ...state.slice(1)], layout, type: 'float32' },
    states: outputs.slice(0, -1).map((name) => ({ name, shape: state, layout: within, type: 'float32' as const })),
  }
}

/** [batch, steps] as a scan takes it: [steps, batch, 1]. */
function stepsOf(scope: LayerScope, mask: string | undefined, images: boolean): string {
  if (mask === undefined || images) throw scope.error('it is masked in a way that TensorFlow.js cannot compute', 'Mask sequences of rows, before they are merged')
  return scope.node('Unsqueeze', [scope.node('Transpose', [mask], { perm: { ints: [1, 0] } }), scope.integers('last', [2])])
}

/** made · counts + before · (1 − counts) */
function masked(scope: LayerScope, made: string, before: string, counts: string): string {
  const rest = scope.node('Sub', [scope.scalar('one', 1), counts])
  return scope.node('Add', [scope.node('Mul', [made, counts]), scope.node('Mul', [before, rest])])
}

/** For as many samples as the sequence, time first, has. */
function zeros(scope: LayerScope, sequence: string, state: Shape): string {
  const samples = scope.node('Shape', [sequence], { start: { int: 1 }, end: { int: 2 } })
  return scope.node('ConstantOfShape', [scope.node('Concat', [samples, scope.integers('state', state.slice(1) as number[])], { axis: { int: 0 } })])
}
