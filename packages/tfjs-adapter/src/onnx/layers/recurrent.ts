import type { Layer } from '../../tensorflow.ts'
import { fieldOf } from '../layer-config.ts'
import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { recurrentCell } from '../recurrent-cell.ts'
import type { Run } from '../recurrent-run.ts'
import { axisOf, type Value } from '../value.ts'

export const recurrent: LayerWriter = async (scope, inputs, shapes) => {
  const run = await runLayer(scope, scope.layer, inputs)
  const output = returnsSequences(scope.layer) ? inOrderOfWork(scope, scope.layer, run.sequence) : (run.states[0] as Value)
  return [output, ...run.states].slice(0, shapes.length)
}

/** Runs a SimpleRNN, LSTM, GRU, or an RNN of such cells, on [sequence, …initial states]; the states of several cells are in TensorFlow.js's order, the last cell's first. */
export async function runLayer(scope: LayerScope, layer: Layer, inputs: readonly Value[]): Promise<Run> {
  if (fieldOf(layer, 'stateful') === true) throw scope.error('it is stateful: it keeps its state between calls, and an ONNX model keeps none', 'Build it with stateful: false; returnState and initialState pass states in and out')
  const cell = fieldOf(layer, 'cell') as Layer
  const cells = cell.getClassName() === 'StackedRNNCells' ? (fieldOf(cell, 'cells') as readonly Layer[]) : [cell]
  const backwards = fieldOf(layer, 'goBackwards') === true
  let sequence = inputs[0] as Value
  const given = inputs.slice(1)
  const states: (readonly Value[])[] = []
  for (const [index, each] of cells.entries()) {
    // States are given and returned last cell first.
    const before = cells.slice(index + 1).reduce((sum, later) => sum + stateCount(later), 0)
    const initial = given.length === 0 ? [] : given.slice(before, before + stateCount(each))
    const run = await recurrentCell(cells.length === 1 ? scope.part(each, 'cell') : scope.part(each, `cell_${index}`), sequence, initial, backwards)
    sequence = { ...run.sequence, ...(sequence.mask === undefined ? {} : { mask: sequence.mask }) }
    states.unshift(run.states)
  }
  return { sequence, states: states.flat() }
}

export function returnsSequences(layer: Layer): boolean {
  return fieldOf(layer, 'returnSequences') === true
}

/** A layer that goes backwards puts its outputs in the order in which it made them. */
export function inOrderOfWork(scope: LayerScope, layer: Layer, sequence: Value): Value {
  return fieldOf(layer, 'goBackwards') === true ? reversedInTime(scope, sequence) : sequence
}

export function reversedInTime(scope: LayerScope, sequence: Value): Value {
  const axis = axisOf(sequence, 1)
  const bounds = [scope.integers('from_end', [-1]), scope.integers('to_start', [-(2 ** 31)]), scope.integers('time', [axis]), scope.integers('backwards', [-1])]
  return { ...sequence, name: scope.node('Slice', [sequence.name, ...bounds]) }
}

function stateCount(cell: Layer): number {
  return cell.getClassName().endsWith('LSTM2DCell') || cell.getClassName() === 'LSTMCell' ? 2 : 1
}
