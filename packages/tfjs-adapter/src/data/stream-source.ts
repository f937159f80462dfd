import { ThreefryRandom } from '@attune/core'
import type { Tensor, TensorFlow } from '../tensorflow.ts'
import type { Batch, BatchSource, EpochRequest, TargetFacts } from './batch-source.ts'
import { dataError } from './data-error.ts'
import { partsOf } from './parts.ts'
import { elementsOf, requireRepeatable } from './stream-elements.ts'
import { readValue, stack, wholeBatch, type StreamValue, type ValueType } from './stream-values.ts'
import type { BatchStream, SampleStream, StreamOrigin } from './training-data.ts'

/** What every element has to look like: learnt from the first. */
interface Layout {
  readonly inputs: Side
  readonly targets: Side
}

interface Side {
  readonly names: readonly string[] | undefined
  readonly labels: readonly string[]
  readonly shapes: readonly (readonly number[])[]
  readonly dtypes: readonly ValueType[]
}

/** An element, read, in the order of the layout. */
interface Element {
  readonly inputs: readonly StreamValue[]
  readonly targets: readonly StreamValue[]
}

/**
 * A stream as batches. Its first element is looked at, once, for shapes; each epoch then reads it from the start.
 * @throws AttuneError `TFJS_DATA`
 */
export async function streamSource(tf: TensorFlow, stream: SampleStream | BatchStream, name: string): Promise<BatchSource> {
  const batched = 'batches' in stream
  const origin: unknown = batched ? stream.batches : stream.samples
  requireRepeatable(origin, `${name}.${batched ? 'batches' : 'samples'}`)
  const buffer = batched ? 0 : (stream.shuffleBuffer ?? 0)
  if (!Number.isSafeInteger(buffer) || buffer < 0) throw dataError(`${name}.shuffleBuffer must be a whole number of at least 0, got ${String(buffer)}`)
  const reader = new StreamReader(tf, origin, name, batched, buffer)
  await reader.look()
  return reader
}

class StreamReader implements BatchSource {
  readonly name: string
  samples: number | undefined
  targets: readonly TargetFacts[] = []
  #layout: Layout | undefined
  readonly #tf: TensorFlow
  readonly #origin: StreamOrigin
  readonly #batched: boolean
  readonly #buffer: number

  constructor(tf: TensorFlow, origin: StreamOrigin, name: string, batched: boolean, buffer: number) {
    this.#tf = tf
    this.#origin = origin
    this.name = name
    this.#batched = batched
    this.#buffer = buffer
  }

  get inputNames(): readonly string[] | undefined {
    return this.#layout?.inputs.names
  }

  get targetNames(): readonly string[] | undefined {
    return this.#layout?.targets.names
  }

  get inputShapes(): readonly (readonly number[])[] {
    return this.#layout?.inputs.shapes ?? []
  }

  /** Learns layout and facts from the first element. */
  async look(): Promise<void> {
    for await (const batch of this.batches({ batchSize: 1, epoch: 1, shuffleSeed: undefined, skip: 0 })) {
      this.targets = batch.targetFacts ?? []
      this.#tf.dispose([...batch.inputs, ...batch.targets])
      return
    }
  }

  async *batches({ batchSize, epoch, shuffleSeed, skip }: EpochRequest): AsyncGenerator<Batch, void, void> {
    let samples = 0
    let batches = 0
    for await (const elements of this.#groups(this.#batched ? 1 : batchSize, epoch, shuffleSeed)) {
      const batch = await this.#batchOf(elements, samples)
      samples += batch.size
      if (this.samples !== undefined && samples > this.samples) {
        this.#tf.dispose([...batch.inputs, ...batch.targets])
        throw this.#changedLength(epoch, `at least ${samples}`)
      }
      if (batches++ < skip) this.#tf.dispose([...batch.inputs, ...batch.targets])
      else yield batch
    }
    if (samples === 0) throw dataError(`${this.name} is empty${epoch > 1 ? ` in epoch ${epoch}` : ''}: ${typeof this.#origin === 'function' ? 'its function must begin a new iteration each time' : 'it has no samples'}`)
    if (this.samples !== undefined && samples !== this.samples) throw this.#changedLength(epoch, String(samples))
    this.samples = samples
  }

  #changedLength(epoch: number, samples: string): Error {
    return dataError(`${this.name} gives ${samples} samples in epoch ${epoch} and gave ${this.samples} before: every epoch has to have the same`)
  }

  /** Elements in groups of `size`, through the shuffle buffer. Whatever ends it, what it still holds is disposed of. */
  async *#groups(size: number, epoch: number, shuffleSeed: number | undefined): AsyncGenerator<readonly unknown[], void, void> {
    const held: unknown[] = []
    const group: unknown[] = []
    const random = shuffleSeed === undefined || this.#buffer < 2 ? undefined : new ThreefryRandom(shuffleSeed).stream(epoch, 'tfjs.stream')
    const draw = (): unknown => {
      const position = random === undefined ? 0 : random.integer(held.length)
      const element = held[position]
      const last = held.pop()
      if (position < held.length) held[position] = last
      return element
    }
    try {
      for await (const element of elementsOf(this.#origin, this.name)) {
        held.push(element)
        if (random !== undefined && held.length < this.#buffer) continue
        group.push(draw())
        if (group.length === size) yield group.splice(0)
      }
      while (held.length > 0) {
        group.push(draw())
        if (group.length === size) yield group.splice(0)
      }
      if (group.length > 0) yield group.splice(0)
    } finally {
      disposeElements(this.#tf, [...held, ...group])
    }
  }

  async #batchOf(elements: readonly unknown[], first: number): Promise<Batch> {
    const tf = this.#tf
    const made: Tensor[] = []
    try {
      const read = elements.map((element, position) => this.#read(element, first + position))
      const layout = this.#layout as Layout
      const facts: TargetFacts[] = []
      const build = async (side: 'inputs' | 'targets'): Promise<Tensor[]> => {
        const tensors: Tensor[] = []
        for (const [part, shape] of layout[side].shapes.entries()) {
          const label = layout[side].labels[part] as string
          const values = read.map((element) => element[side][part] as StreamValue)
          const { tensor, ...numbers } = this.#batched ? await wholeBatch(tf, values[0] as StreamValue, shape, label, first) : await stack(tf, values, shape, label, first)
          made.push(tensor)
          tensors.push(tensor)
          if (side === 'targets') facts.push({ shape, singleNumber: shape.length === 1 && shape[0] === 1, ...numbers })
        }
        return tensors
      }
      const inputs = await build('inputs')
      const targets = await build('targets')
      return { inputs, targets, size: inputs[0]?.shape[0] as number, indices: undefined, targetFacts: facts }
    } catch (error) {
      tf.dispose(made)
      throw error
    } finally {
      disposeElements(tf, elements)
    }
  }

  /** Values of one element; the first one makes the layout. `sample` is its number in the epoch. */
  #read(element: unknown, sample: number): Element {
    if (typeof element !== 'object' || element === null) throw dataError(`${this.name} gave ${element === null ? 'null' : typeof element} at sample ${sample}: give elements { xs, ys }`)
    const { xs, ys, x = xs, y = ys } = element as { readonly xs?: unknown; readonly ys?: unknown; readonly x?: unknown; readonly y?: unknown }
    const inputs = this.#side(x, 'x', sample)
    const targets = this.#side(y, 'y', sample)
    this.#layout ??= { inputs: inputs.side, targets: targets.side }
    if (this.#batched) this.#requireOneSize([...inputs.values, ...targets.values], [...inputs.side.labels, ...targets.side.labels], sample)
    return { inputs: inputs.values, targets: targets.values }
  }

  #side(value: unknown, part: 'x' | 'y', sample: number): { readonly side: Side; readonly values: readonly StreamValue[] } {
    const { names, labels, values: found } = partsOf(this.#tf, value, `${this.name}.${part}`, true)
    const values = found.map((each, position) => readValue(this.#tf, each, `${labels[position]} of sample ${sample}`, part === 'x'))
    const shapes = values.map((value, position) => this.#sampleShape(value.shape, labels[position] as string, sample))
    const side: Side = { names, labels, shapes, dtypes: values.map((value) => value.dtype) }
    const known = this.#layout?.[part === 'x' ? 'inputs' : 'targets']
    if (known === undefined) return { side, values }
    // Records may come with their keys in another order.
    const order = known.labels.map((label) => labels.indexOf(label))
    if (order.length !== labels.length || order.includes(-1)) throw dataError(`${this.name}.${part} has ${labels.join(', ')} at sample ${sample} and had ${known.labels.join(', ')} at the first`)
    for (const [position, from] of order.entries()) {
      const [before, now] = [known.shapes[position]!.join(', '), shapes[from]!.join(', ')]
      if (before !== now) throw dataError(`${labels[from]} has shape [${now}] at sample ${sample} and [${before}] at the first`)
      if (known.dtypes[position] !== values[from]!.dtype) throw dataError(`${labels[from]} is ${values[from]!.dtype} at sample ${sample} and was ${known.dtypes[position]} at the first`)
    }
    return { side: known, values: order.map((from) => values[from] as StreamValue) }
  }

  #sampleShape(shape: readonly number[], label: string, sample: number): readonly number[] {
    const own = this.#batched ? shape.slice(1) : shape
    if (this.#batched && shape.length === 0) throw dataError(`${label} is a single number at sample ${sample}: batches have samples first`)
    if (shape.includes(0)) throw dataError(`${label} is empty at sample ${sample}: it has shape [${shape.join(', ')}]`)
    return own.length === 0 ? [1] : own
  }

  #requireOneSize(values: readonly StreamValue[], labels: readonly string[], sample: number): void {
    const sizes = values.map((value) => value.shape[0] as number)
    const odd = sizes.findIndex((size) => size !== sizes[0])
    if (odd !== -1) throw dataError(`The batch at sample ${sample} has ${sizes[0]} samples in ${labels[0]} and ${sizes[odd]} in ${labels[odd]}`)
  }
}

/** Every tensor in it, in whatever place. */
function disposeElements(tf: TensorFlow, elements: readonly unknown[]): void {
  for (const element of elements) if (typeof element === 'object' && element !== null) tf.dispose(element as never)
}
