import { tfjsError } from '../../error.ts'
import { decaysByDefault } from '../../optimizers/decay-exclusions.ts'
import type { TrainableWeight } from '../../optimizers/step-optimizer.ts'
import type { LayersModel, Tensor, TensorFlow, Variable } from '../../tensorflow.ts'
import { layerWeights } from '../layers/layer-weights.ts'

/** A variable, or a weight of a layer, in a user's state. */
export interface StateWeight {
  /** Where it is: `decoder/1/kernel`. */
  readonly key: string
  readonly variable: Variable
  readonly decay: boolean
}

/** What a user's state holds of tfjs. */
export interface StateContents {
  /** In the order of the state; each variable once. */
  readonly weights: readonly StateWeight[]
  readonly models: readonly LayersModel[]
  /** Tensors that are no variables. */
  readonly tensors: readonly Tensor[]
}

/** @throws AttuneError `TFJS_MODEL` for a layer that has no weights yet. */
export function stateContents(tf: TensorFlow, state: unknown): StateContents {
  const found = { weights: new Map<Variable, StateWeight>(), models: new Set<LayersModel>(), tensors: new Set<Tensor>() }
  const seen = new Set<unknown>()
  const keys = new Set<string>()
  function add(wanted: string, ownName: string, variable: Variable): void {
    if (found.weights.has(variable)) return
    let key = wanted
    for (let count = 2; keys.has(key); count++) key = `${wanted}.${count}`
    keys.add(key)
    found.weights.set(variable, { key, variable, decay: decaysByDefault(ownName, variable) })
  }
  function visit(value: unknown, path: readonly string[]): void {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (value instanceof tf.Variable) add(path.join('/'), path.at(-1) ?? '', value)
    else if (value instanceof tf.Tensor) found.tensors.add(value)
    else if (value instanceof tf.LayersModel) {
      found.models.add(value)
      for (const { key, ownName, variable } of layerWeights(value)) add([...path, key].join('/'), ownName, variable)
    } else if (value instanceof tf.layers.Layer) {
      if (!value.built) throw tfjsError('TFJS_MODEL', `The layer at ${path.join('.')} of what init() returned has no weights yet: call it once in init() (layer.build(inputShape)), or put it into a tf.sequential().`)
      for (const { key, ownName, variable } of layerWeights({ layers: [value] })) add([...path, key.slice(2)].join('/'), ownName, variable)
    } else if (Array.isArray(value) || isPlain(value)) {
      for (const [name, part] of Object.entries(value)) visit(part, [...path, name])
    }
  }
  visit(state, [])
  return { weights: [...found.weights.values()], models: [...found.models], tensors: [...found.tensors] }
}

/** Frees all of it; layers that several models share have their weights in here once. */
export function disposeContents(tf: TensorFlow, { weights, tensors }: StateContents): void {
  tf.dispose([...weights.map(({ variable }) => variable as Tensor), ...tensors])
}

/** What is trained: every variable that says so. */
export function trainableWeights(weights: readonly StateWeight[]): TrainableWeight[] {
  return weights.filter(({ variable }) => variable.trainable).map(({ key, variable, decay }) => ({ key, variable, rateScale: 1, decay }))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
