import { int64Tensor, type AttributeValue, type GraphBuilder, type TensorSource } from '@attune/onnx-format'
import type { Layer } from '../tensorflow.ts'
import { layerLabel } from './layer-names.ts'
import { sameLayout, type Layout, type Shape, type Value } from './value.ts'

export interface GraphOutput {
  readonly name: string
  readonly shape: Shape
}

/** Writes nodes and constants under unique names, and transposes a value at most once into each order. */
export class GraphWriter {
  /** The layers of the model that make masks. */
  readonly masks: readonly Layer[]
  readonly #model: GraphBuilder
  /** Where nodes go: the model's graph, or one inside it. */
  #current: GraphBuilder
  readonly #names = new Set<string>()
  readonly #repeats = new Map<string, number>()
  readonly #labels = new Map<number, string>()
  readonly #constants = new Map<string, string>()
  readonly #arranged = new Map<string, string>()

  constructor(model: GraphBuilder, masks: readonly Layer[]) {
    this.masks = masks
    this.#model = model
    this.#current = model
  }

  /** What a layer is called in the file: its own name, or one that does not depend on how many layers the process made before. */
  label(layer: Layer): string {
    let label = this.#labels.get(layer.id)
    if (label === undefined) {
      label = this.unique(layerLabel(layer))
      this.#labels.set(layer.id, label)
    }
    return label
  }

  /** Adds a node; returns the names of its outputs. */
  node(label: string, operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>>, outputs: number): readonly string[] {
    const name = this.unique(`${label}/${operator}`)
    const names = Array.from({ length: outputs }, (_, index) => this.unique(`${name}:${index}`))
    this.#current.node(operator, inputs, { name, outputs: names, attributes })
    return names
  }

  /** A graph of its own as an attribute: `write` is given the names of its inputs and answers those of its outputs. Constants stay outside. */
  subgraph(label: string, inputs: readonly Shape[], write: (names: readonly string[]) => readonly GraphOutput[]): AttributeValue {
    const outer = this.#current
    const graph = outer.subgraph(this.unique(`${label}/body`))
    this.#current = graph
    try {
      const names = inputs.map((shape) => graph.input(this.unique(`${label}/given`), 'float32', shape))
      for (const { name, shape } of write(names)) {
        const output = this.unique(`${label}/made`)
        graph.node('Identity', [name], { name: output, outputs: [output] })
        graph.output(output, 'float32', shape)
      }
    } finally {
      this.#current = outer
    }
    return { graph: graph.toGraph() }
  }

  /** A constant, written once for each key: a layer that is applied twice has its weights once. */
  constant(id: string, label: string, tensor: () => TensorSource): string {
    let name = this.#constants.get(id)
    if (name === undefined) {
      name = this.#model.initializer(this.unique(label), tensor())
      this.#constants.set(id, name)
    }
    return name
  }

  /** The value in another order of axes; written once for all that want it. */
  arranged(label: string, value: Value, layout: Layout): Value {
    if (sameLayout(value.layout, layout)) return value
    const key = arrangement(value, layout)
    let name = this.#arranged.get(key)
    if (name === undefined) {
      name = this.#reordered(label, value, layout)
      this.#arranged.set(key, name)
    }
    return { ...value, name, layout }
  }

  /** Whether `arranged` would write nothing. */
  isArranged(value: Value, layout: Layout): boolean {
    return sameLayout(value.layout, layout) || this.#arranged.has(arrangement(value, layout))
  }

  unique(name: string): string {
    let candidate = name
    let repeat = this.#repeats.get(name) ?? 0
    while (this.#names.has(candidate)) candidate = `${name}_${++repeat}`
    this.#repeats.set(name, repeat)
    this.#names.add(candidate)
    return candidate
  }

  #reordered(label: string, value: Value, layout: Layout): string {
    const sizes = viewSizes(value, layout)
    if (sizes === undefined) return this.node(label, 'Transpose', [value.name], { perm: { ints: permutation(value, layout) } }, 1)[0] as string
    // Axes of size 1 move for nothing.
    const shape = this.constant(`sizes ${sizes.join()}`, `sizes_${sizes.join('_')}`, () => int64Tensor(sizes))
    return this.node(label, 'Reshape', [value.name, shape], {}, 1)[0] as string
  }
}

function permutation(value: Value, layout: Layout): readonly number[] {
  return layout.map((axis) => value.layout.indexOf(axis))
}

function arrangement(value: Value, layout: Layout): string {
  return `${permutation(value, layout).join()} ${value.name}`
}

/** The sizes of the value in that order if its elements stay where they are, −1 for the batch. */
function viewSizes({ shape, layout: from }: Value, layout: Layout): number[] | undefined {
  const long = (axis: number): boolean => axis === 0 || shape[axis] !== 1
  if (shape.slice(1).includes(null) || from.filter(long).join() !== layout.filter(long).join()) return undefined
  return layout.map((axis) => (axis === 0 ? -1 : (shape[axis] as number)))
}
