import { int64Tensor, type AttributeValue, type GraphBuilder, type TensorSource } from '@attune/onnx-format'
import type { Layer } from '../tensorflow.ts'
import { layerLabel } from './layer-names.ts'
import type { Layout, Shape, Value } from './value.ts'

export interface GraphOutput {
  readonly name: string
  readonly shape: Shape
}

/** A tensor that was transposed out of another one. */
interface Copy {
  readonly root: string
  /** Which axis of the root each axis holds. */
  readonly axes: readonly number[]
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
  readonly #copies = new Map<string, Copy>()
  readonly #copyNames = new Map<string, string>()

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

  /** The value in another order of axes. Transpositions that cancel leave nothing behind. */
  arranged(label: string, value: Value, layout: Layout): Value {
    const { root, axes } = this.#fromRoot(value, layout)
    const key = copyKey(root, axes)
    let name = axes.every((axis, index) => axis === index) ? root : this.#copyNames.get(key)
    if (name === undefined) {
      const view = viewSizes(value, layout)
      // Axes of size 1 move for nothing.
      if (view === undefined) name = this.node(label, 'Transpose', [root], { perm: { ints: axes } }, 1)[0] as string
      else name = this.node(label, 'Reshape', [value.name, this.constant(`sizes ${view.join()}`, `sizes_${view.join('_')}`, () => int64Tensor(view))], {}, 1)[0] as string
      this.#copyNames.set(key, name)
      this.#copies.set(name, { root, axes })
    }
    return { ...value, name, layout }
  }

  /** Whether `arranged` would write nothing. */
  isArranged(value: Value, layout: Layout): boolean {
    const { root, axes } = this.#fromRoot(value, layout)
    return axes.every((axis, index) => axis === index) || this.#copyNames.has(copyKey(root, axes))
  }

  unique(name: string): string {
    let candidate = name
    let repeat = this.#repeats.get(name) ?? 0
    while (this.#names.has(candidate)) candidate = `${name}_${++repeat}`
    this.#repeats.set(name, repeat)
    this.#names.add(candidate)
    return candidate
  }

  #fromRoot(value: Value, layout: Layout): Copy {
    const copy = this.#copies.get(value.name)
    const own = layout.map((axis) => value.layout.indexOf(axis))
    return copy === undefined ? { root: value.name, axes: own } : { root: copy.root, axes: own.map((axis) => copy.axes[axis] as number) }
  }
}

function copyKey(root: string, axes: readonly number[]): string {
  return `${axes.join()} ${root}`
}

/** The sizes of the value in that order if its elements stay where they are, −1 for the batch. */
function viewSizes({ shape, layout: from }: Value, layout: Layout): number[] | undefined {
  const long = (axis: number): boolean => axis === 0 || shape[axis] !== 1
  if (shape.slice(1).includes(null) || from.filter(long).join() !== layout.filter(long).join()) return undefined
  return layout.map((axis) => (axis === 0 ? -1 : (shape[axis] as number)))
}
