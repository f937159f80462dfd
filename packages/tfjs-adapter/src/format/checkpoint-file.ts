import type { Json } from '@attune/core'
import type { NamedTensorMap, Tensor, TensorFlow } from '../tensorflow.ts'
import type { TrainingState } from '../training/training-state.ts'
import { count, list, malformed, number, numbers, optional, record, text } from './header-values.ts'
import { readPackedFile, writePackedFile } from './packed-file.ts'

/** The bytes of a training's state. Weights are kept by key, since tfjs numbers the names of layers through a process. */
export async function packCheckpoint(tf: TensorFlow, state: TrainingState): Promise<Uint8Array> {
  const { weights, optimizer, best, stopping, position, meter, topology } = state
  const { data, specs } = await tf.io.encodeWeights([
    ...label('weight', weights.map(({ tensor }) => tensor)),
    ...label('optimizer', optimizer.slots.map(({ tensor }) => tensor)),
    ...label('best', best?.tensors ?? []),
  ])
  const header = {
    step: state.step,
    seed: state.seed,
    batchSize: state.batchSize,
    position: { ...position },
    weights: weights.map(({ key, name }) => ({ key, name: name ?? null })),
    optimizer: { id: optimizer.id, steps: { ...optimizer.steps }, slots: optimizer.slots.map(({ slot, key }) => ({ slot, key })) },
    schedule: state.schedule,
    meter: { samples: meter.samples, sums: { ...meter.sums } },
    stopping: stopping === undefined ? null : { ...stopping },
    best: best === undefined ? null : { metric: best.metric, step: best.step, value: best.value, weights: best.tensors !== undefined },
    kept: state.kept.map((kept) => ({ ...kept })),
    modelTopology: topology ?? null,
  }
  return writePackedFile({ kind: 'checkpoint', header, weightSpecs: specs, weightData: data })
}

/**
 * The state out of its bytes; its tensors are the caller's to dispose of.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are no whole checkpoint.
 */
export function readCheckpoint(tf: TensorFlow, bytes: Uint8Array): TrainingState {
  const { header, weightSpecs, weightData } = readPackedFile(bytes, 'checkpoint')
  const weights = list(header['weights']).map((entry) => ({ key: text(record(entry)['key']), name: optional(record(entry)['name'], text) }))
  const optimizer = record(header['optimizer'])
  const slots = list(optimizer['slots']).map((entry) => ({ slot: text(record(entry)['slot']), key: text(record(entry)['key']) }))
  const best = optional(header['best'], record)
  const bestWeights = best?.['weights'] === true ? weights.length : 0
  const names = [...numbered('weight', weights.length), ...numbered('optimizer', slots.length), ...numbered('best', bestWeights)]
  if (weightSpecs.length !== names.length || !weightSpecs.every(({ name }, index) => name === names[index])) malformed()
  const position = record(header['position'])
  const meter = record(header['meter'])
  const checked = {
    step: count(header['step']),
    seed: count(header['seed']),
    batchSize: count(header['batchSize']),
    position: { epochsDone: count(position['epochsDone']), batches: count(position['batches']), samples: count(position['samples']), steps: count(position['steps']) },
    schedule: header['schedule'] ?? null,
    meter: { samples: count(meter['samples']), sums: numbers(meter['sums']) },
    stopping: optional(header['stopping'], (value) => ({ best: number(record(value)['best']), waited: count(record(value)['waited']) })),
    kept: list(header['kept']).map((entry) => ({ name: text(record(entry)['name']), step: count(record(entry)['step']), value: number(record(entry)['value']), bytes: count(record(entry)['bytes']) })),
    topology: optional(header['modelTopology'], (value): Json => record(value) as Json),
  }
  const id = text(optimizer['id'])
  const steps = numbers(optimizer['steps'])
  const bestOf = best === undefined ? undefined : { metric: text(best['metric']), step: count(best['step']), value: number(best['value']) }
  // From here on there are tensors, and nothing that throws.
  const tensors: NamedTensorMap = tf.io.decodeWeights(weightData, [...weightSpecs])
  const take = (group: string, index: number): Tensor => tensors[`${group}/${index}`] as Tensor
  return {
    ...checked,
    weights: weights.map((weight, index) => ({ ...weight, tensor: take('weight', index) })),
    optimizer: { id, steps, slots: slots.map((slot, index) => ({ ...slot, tensor: take('optimizer', index) })) },
    best: bestOf === undefined ? undefined : { ...bestOf, tensors: bestWeights > 0 ? weights.map((_, index) => take('best', index)) : undefined },
  }
}

export function checkpointTensors(state: TrainingState): Tensor[] {
  return [...state.weights.map(({ tensor }) => tensor), ...state.optimizer.slots.map(({ tensor }) => tensor), ...(state.best?.tensors ?? [])]
}

function numbered(group: string, length: number): string[] {
  return Array.from({ length }, (_, index) => `${group}/${index}`)
}

function label(group: string, tensors: readonly Tensor[]): { readonly name: string; readonly tensor: Tensor }[] {
  return tensors.map((tensor, index) => ({ name: `${group}/${index}`, tensor }))
}
