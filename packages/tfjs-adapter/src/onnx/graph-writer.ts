import { int64Tensor, type AttributeValue, type ModelBuilder, type TensorSource } from '@attune/onnx-format'
import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import type { Value } from './value.ts'

/** A weight with its values on the JavaScript side. */
export interface Weight {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** Writes nodes and weights with readable, unique names, and changes the order of axes where it has to be. */
export class GraphWriter {
  readonly #model: ModelBuilder
  readonly #names = new Set<string>()
  readonly #initializers = new Map<string, string>()
  readonly #reordered = new Map<string, Value>()

  constructor(model: ModelBuilder) {
    this.#model = model
  }

  /** Adds a node for a layer; returns the name of its output. */
  node(layer: Layer, operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const name = this.unique(`${layer.name}/${operator}`)
    return this.#model.node(operator, inputs, { name, outputs: [`${name}:0`], attributes })
  }

  /** A constant of a layer, written once for each key. */
  constant(layer: Layer, key: string, tensor: () => TensorSource): string {
    const id = `${layer.id}/${key}`
    let name = this.#initializers.get(id)
    if (name === undefined) {
      name = this.#model.initializer(this.unique(`${layer.name}/${key}`), tensor())
      this.#initializers.set(id, name)
    }
    return name
  }

  scalar(layer: Layer, key: string, value: number): string {
    return this.constant(layer, key, () => ({ data: Float32Array.of(value), dims: [] }))
  }

  integers(layer: Layer, key: string, values: readonly number[]): string {
    return this.constant(layer, key, () => int64Tensor(values))
  }

  /** A weight by the last part of its name (`kernel`, `moving_mean`); undefined if the layer has none. */
  async weight(layer: Layer, suffix: string): Promise<Weight | undefined> {
    const weight = layer.weights.find(({ originalName }) => originalName.endsWith(`/${suffix}`))
    if (weight === undefined) return undefined
    const tensor = weight.read()
    return { data: new Float32Array(await tensor.data()), dims: tensor.shape }
  }

  async requiredWeight(layer: Layer, suffix: string): Promise<Weight> {
    const weight = await this.weight(layer, suffix)
    if (weight === undefined) throw exportError(layer, `it has no weight "${suffix}"`)
    return weight
  }

  channelsLast(layer: Layer, value: Value): Value {
    return this.#reorder(layer, value, 'channelsLast')
  }

  channelsFirst(layer: Layer, value: Value): Value {
    return this.#reorder(layer, value, 'channelsFirst')
  }

  unique(name: string): string {
    let candidate = name
    for (let copy = 1; this.#names.has(candidate); copy++) candidate = `${name}_${copy}`
    this.#names.add(candidate)
    return candidate
  }

  #reorder(layer: Layer, value: Value, order: Value['order']): Value {
    const rank = value.shape.length
    if (value.order === order) return value
    if (rank < 3) return { ...value, order }
    const known = this.#reordered.get(value.name)
    if (known !== undefined) return known
    const inner = Array.from({ length: rank - 2 }, (_, index) => index + 1)
    const permutation = order === 'channelsFirst' ? [0, rank - 1, ...inner] : [0, ...inner.map((axis) => axis + 1), 1]
    const reordered = { ...value, order, name: this.node(layer, 'Transpose', [value.name], { perm: { ints: permutation } }) }
    this.#reordered.set(value.name, reordered)
    this.#reordered.set(reordered.name, value)
    return reordered
  }
}
