import type { Json } from '@attune/core'
import type { NamedTensorMap, Tensor, TensorFlow } from '../tensorflow.ts'
import { formatError, readPackedFile, writePackedFile } from './packed-file.ts'

/**
 * All that training needs to go on as if it had never stopped. Weights are kept by position, not by name, since tfjs
 * numbers layer names through a process. The order of samples and the masks of dropout are functions of (trial seed, epoch).
 */
export interface Checkpoint {
  /** Epochs done. */
  readonly step: number
  readonly seed: number
  readonly weights: readonly Tensor[]
  readonly optimizer: {
    readonly className: string
    /** Batches done. */
    readonly iterations: number
    readonly entries: readonly { readonly field: string; readonly index: number | undefined; readonly name: string; readonly tensor: Tensor }[]
  }
  /** The best epoch so far; its weights only if they are not the current ones. */
  readonly best: { readonly step: number; readonly value: number; readonly weights: readonly Tensor[] | undefined } | undefined
}

export async function packCheckpoint(tf: TensorFlow, checkpoint: Checkpoint): Promise<Uint8Array> {
  const { optimizer, best } = checkpoint
  const named = [
    ...label('weight', checkpoint.weights),
    ...label('optimizer', optimizer.entries.map(({ tensor }) => tensor)),
    ...label('best', best?.weights ?? []),
  ]
  const { data, specs } = await tf.io.encodeWeights(named)
  const header = {
    step: checkpoint.step,
    seed: checkpoint.seed,
    optimizer: { className: optimizer.className, iterations: optimizer.iterations, entries: optimizer.entries.map(({ field, index, name }) => ({ field, index: index ?? null, name })) },
    best: best === undefined ? null : { step: best.step, value: best.value, weights: best.weights !== undefined },
    weights: checkpoint.weights.length,
  }
  return writePackedFile({ kind: 'checkpoint', header, weightSpecs: specs, weightData: data })
}

/**
 * The checkpoint out of its bytes; its tensors are the caller's to dispose of.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are no whole checkpoint.
 */
export function readCheckpoint(tf: TensorFlow, bytes: Uint8Array): Checkpoint {
  const { header, weightSpecs, weightData } = readPackedFile(bytes, 'checkpoint')
  const optimizer = record(header['optimizer'])
  const entries = (Array.isArray(optimizer['entries']) ? optimizer['entries'] : malformed()).map((entry) => {
    const { field, index, name } = record(entry)
    return { field: text(field), index: index === null ? undefined : count(index), name: text(name) }
  })
  const best = header['best'] === null ? undefined : record(header['best'])
  const weights = count(header['weights'])
  const bestWeights = best?.['weights'] === true ? weights : 0
  const names = [...numbered('weight', weights), ...numbered('optimizer', entries.length), ...numbered('best', bestWeights)]
  if (weightSpecs.length !== names.length || !weightSpecs.every(({ name }, index) => name === names[index])) malformed()
  const checked = {
    step: count(header['step']),
    seed: count(header['seed']),
    className: text(optimizer['className']),
    iterations: count(optimizer['iterations']),
    best: best === undefined ? undefined : { step: count(best['step']), value: number(best['value']) },
  }
  const tensors: NamedTensorMap = tf.io.decodeWeights(weightData, [...weightSpecs])
  const take = (group: string, length: number): Tensor[] => numbered(group, length).map((name) => tensors[name] ?? malformed())
  return {
    step: checked.step,
    seed: checked.seed,
    weights: take('weight', weights),
    optimizer: { className: checked.className, iterations: checked.iterations, entries: take('optimizer', entries.length).map((tensor, index) => ({ ...entries[index]!, tensor })) },
    best: checked.best === undefined ? undefined : { ...checked.best, weights: bestWeights > 0 ? take('best', bestWeights) : undefined },
  }
}

export function checkpointTensors(checkpoint: Checkpoint): Tensor[] {
  return [...checkpoint.weights, ...checkpoint.optimizer.entries.map(({ tensor }) => tensor), ...(checkpoint.best?.weights ?? [])]
}

function numbered(group: string, length: number): string[] {
  return Array.from({ length }, (_, index) => `${group}/${index}`)
}

function label(group: string, tensors: readonly Tensor[]): { readonly name: string; readonly tensor: Tensor }[] {
  return tensors.map((tensor, index) => ({ name: `${group}/${index}`, tensor }))
}

function record(value: Json | undefined): { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : malformed()
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : malformed()
}

function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : malformed()
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : malformed()
}

function malformed(): never {
  throw formatError('checkpoint', 'its header lacks fields')
}
