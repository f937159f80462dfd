import { isAttuneError } from '@attune/core'
import { createModelBuilder, onnx, quantize, type GraphProto, type ModelProto } from '@attune/onnx-format'
import { afterAll, expect, test } from 'vitest'
import { onnxEvaluator } from './evaluator.ts'
import { denseModel, endlessModel } from './models.test-support.ts'

/** Everything that a model can be refused with. ONNX_CRASHED is among them: the runtime may crash, and only its process with it. */
const codes = ['ONNX_MODEL', 'ONNX_TOO_LARGE', 'ONNX_EXTERNAL_DATA', 'ONNX_INPUT', 'ONNX_OUTPUT', 'ONNX_LABEL', 'ONNX_RUN', 'ONNX_TIMEOUT', 'ONNX_MEMORY', 'ONNX_CRASHED']
const inputs = { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }
const evaluator = onnxEvaluator({ data: { inputs, labels: [0, 2] }, scores: 'logits', output: 'y', timeout: 2000, maxMemoryBytes: 1e9 })
afterAll(() => evaluator.release())

type Random = () => number

/** mulberry32: numbers in [0, 1) that a seed gives again. */
function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (random: Random, bound: number): number => Math.floor(random() * bound)

/** Convolution, pooling, shape arithmetic and recurrence over x [N, 3]. */
function variedModel(): Uint8Array {
  const m = createModelBuilder({ graphName: 'varied' })
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => Math.sin(index))
  const ints = (name: string, values: readonly number[]): string => m.initializer(name, { data: BigInt64Array.from(values, BigInt), dims: [values.length] })
  const x = m.input('x', 'float32', ['N', 3])
  const images = m.node('Unsqueeze', [m.node('Pad', [x, ints('pads', [0, 2, 0, 3])]), ints('axes', [1, 2])])
  const conv = m.node('Conv', [images, m.initializer('kernel', { data: numbers(12), dims: [4, 1, 1, 3] })], { attributes: { pads: { ints: [0, 1, 0, 1] } } })
  const pooled = m.node('MaxPool', [conv], { attributes: { kernel_shape: { ints: [1, 2] }, strides: { ints: [1, 2] } } })
  const steps = m.node('Transpose', [m.node('Squeeze', [pooled, ints('two', [2])])], { attributes: { perm: { ints: [2, 0, 1] } } })
  m.node('GRU', [steps, m.initializer('w', { data: numbers(60), dims: [1, 15, 4] }), m.initializer('r', { data: numbers(75), dims: [1, 15, 5] })], { attributes: { hidden_size: { int: 5 } }, outputs: ['all', 'last'] })
  const size = m.node('Concat', [m.node('Shape', [x], { attributes: { end: { int: 1 } } }), ints('rest', [-1])], { attributes: { axis: { int: 0 } } })
  m.node('Gemm', [m.node('Reshape', ['last', size]), m.initializer('d', { data: numbers(15), dims: [5, 3] })], { outputs: ['y'] })
  m.output('y', 'float32', ['N', 3])
  return m.toBytes()
}

const originals = [denseModel(8), variedModel(), quantize(denseModel(16), { weights: 'int8' }).bytes]

function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice()
  for (let flips = 1 + below(random, 4); flips > 0; flips--) changed[below(random, bytes.length)]! ^= 1 << below(random, 8)
  return changed
}

function splice(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = [below(random, bytes.length), below(random, bytes.length)]
  const other = originals[below(random, originals.length)]!
  return Uint8Array.from([...bytes.subarray(0, from), ...other.subarray(below(random, other.length)).subarray(0, 40), ...bytes.subarray(to)])
}

const strangeNumbers = [0, 1, -1, 2, 3, 7, 255, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 62), 2 ** 62]
const strangeWords = ['', 'x', 'y', 'kernel', 'w0', 'Relu', 'Reshape', 'Loop', 'Gather', 'ConstantOfShape', 'Scan', 'Tile', 'com.microsoft', '\u{0}', '☃'.repeat(50)]

/** Changes one number or word anywhere in the message, so that what comes out is still protobuf. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const message = onnx.ModelProto.decode(bytes)
  const places: (() => void)[] = []
  const queue: object[] = [message]
  for (let current = queue.pop(); current !== undefined; current = queue.pop()) {
    const holder = current as { [key: string]: unknown }
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value === 'number') places.push(() => (holder[key] = strangeNumbers[below(random, strangeNumbers.length)]))
      else if (typeof value === 'string') places.push(() => (holder[key] = strangeWords[below(random, strangeWords.length)]))
      else if (typeof value === 'object' && value !== null && 'low' in value) places.push(() => (holder[key] = strangeNumbers[below(random, strangeNumbers.length)]))
      else if (ArrayBuffer.isView(value)) places.push(() => (holder[key] = (value as Uint8Array).subarray(below(random, 9))))
      else if (typeof value === 'object' && value !== null) queue.push(value)
    }
  }
  for (let changes = 1 + below(random, 2); changes > 0; changes--) places[below(random, places.length)]!()
  return new Uint8Array(onnx.ModelProto.encode(message).finish())
}

/** Nodes and initialisers in another order, twice or not at all. */
function shuffle(bytes: Uint8Array, random: Random): Uint8Array {
  const message = onnx.ModelProto.decode(bytes)
  const picked = <T>(list: readonly T[]): readonly T[] => (random() < 0.5 ? list : Array.from({ length: list.length }, () => list[below(random, list.length)]!))
  const graph = message.graph as GraphProto
  const changed: ModelProto = { ...message, graph: { ...graph, node: picked(graph.node), initializer: picked(graph.initializer) } }
  return new Uint8Array(onnx.ModelProto.encode(changed).finish())
}

/** The code of the refusal, or 'judged'. Anything else than a typed refusal is thrown. */
async function outcome(model: Uint8Array, what: string): Promise<string> {
  try {
    await evaluator.evaluate(model)
    return 'judged'
  } catch (error) {
    if (isAttuneError(error) && codes.includes(error.code)) return error.code
    throw new Error(`${what} was refused in another way`, { cause: error })
  }
}

/** Nothing that came before keeps originals from being judged. A machine with much else to do may need more than one time-out's time. */
async function expectOriginalsJudged(): Promise<void> {
  for (const model of originals) {
    let found = 'ONNX_TIMEOUT'
    while (found === 'ONNX_TIMEOUT') found = await outcome(model, 'an original')
    expect(found).toBe('judged')
  }
}

test.each([
  ['flipped bits', flipBits],
  ['parts of others', splice],
  ['other numbers and words', mutate],
  ['other nodes', shuffle],
] as const)('models with %s are judged or refused with a typed error, 120 of them, and the next one works', { timeout: 120_000 }, async (name, change) => {
  const outcomes: { [code: string]: number } = {}
  for (let seed = 0; seed < 120; seed++) {
    const found = await outcome(change(originals[seed % originals.length]!, randomOf(seed)), `${name}, seed ${seed}`)
    outcomes[found] = (outcomes[found] ?? 0) + 1
  }
  await expectOriginalsJudged()
  // Something was refused, so the changes reach what is checked.
  expect(Object.keys(outcomes).length).toBeGreaterThan(1)
})

test('models that are cut anywhere are refused, or whole enough', { timeout: 120_000 }, async () => {
  for (const model of originals) {
    const step = Math.max(1, Math.floor(model.length / 60))
    for (let length = 1; length < model.length; length += step) await outcome(model.subarray(0, length).slice(), `the first ${length} bytes`)
  }
  await expectOriginalsJudged()
})

test('a model that does not end is given up in time, and the next one works', async () => {
  await using impatient = onnxEvaluator({ data: { inputs: { data: new Float32Array(3), dims: [1, 3] }, labels: [0] }, scores: 'logits', timeout: 300 })
  await impatient.evaluate(denseModel(8)).catch(() => undefined) // starts the process, however long that takes
  await expect(impatient.evaluate(endlessModel())).rejects.toMatchObject({ code: 'ONNX_TIMEOUT' })
  await using patient = onnxEvaluator({ data: { inputs, labels: [0, 2] }, scores: 'logits' })
  expect(await patient.evaluate(denseModel(8))).toMatchObject({ accuracy: expect.any(Number) })
})
