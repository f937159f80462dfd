import type { Predictor, Rows } from '@attune/core'
import { trainerSuite } from '@attune/testing'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { loadModel, TFJS_MODEL_KIND, tfjsTrainer } from '../index.ts'
import { tfjsPredictor } from '../predictor.ts'
import { noise, numbersOf, run, trialOf } from '../training.test-support.ts'
import { distillation, type DistillationOptions } from './distillation.ts'
import { distillationSpace } from './distillation-space.ts'

beforeAll(() => cpu().activate(tf))

interface Params {
  readonly temperature: number
  readonly hardLabelWeight: number
}

const points = noise(120, 5)
const labels = Int32Array.from({ length: 60 }, (_, row) => (points[row * 2]! > 0.3 ? 2 : points[row * 2 + 1]! > 0 ? 1 : 0))
const set = (first: number, count: number): { readonly x: { readonly data: Float32Array; readonly shape: number[] }; readonly y: Int32Array } => ({ x: { data: points.slice(first * 2, (first + count) * 2), shape: [count, 2] }, y: labels.slice(first, first + count) })
const data = { train: set(0, 40), validation: set(40, 20) }
const student = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [2] }), tf.layers.dense({ units: 3, activation: 'softmax' })] })

/** Says what a line through the plane says, and counts what it is asked. */
function teacher(): Predictor & { readonly asked: number[]; closed: number } {
  const asked: number[] = []
  return {
    specVersion: 'v1',
    id: 'line',
    asked,
    closed: 0,
    predict({ data: numbers, shape }): Rows {
      asked.push(shape[0]!)
      return { data: Float32Array.from({ length: shape[0]! * 3 }, (_, index) => { const row = Math.floor(index / 3); return index % 3 === 2 ? 4 * numbers[row * 2]! : index % 3 === 1 ? 3 * numbers[row * 2 + 1]! : 0.5 }), shape: [shape[0]!, 3] }
    },
    close() {
      this.closed += 1
    },
  }
}

const base = { tf, backend: cpu(), data, student, epochs: 3, batchSize: 8, temperature: ({ temperature }: Params) => temperature, hardLabelWeight: ({ hardLabelWeight }: Params) => hardLabelWeight, optimizer: { type: 'adam', learningRate: 0.05 } } as const
const trainerOf = (part: Partial<DistillationOptions<Params>> = {}): ReturnType<typeof distillation<Params>> => distillation<Params>({ ...base, teacher: teacher(), ...part })
const params = { temperature: 3, hardLabelWeight: 0.2 }

trainerSuite('distillation', () => {
  const trainer = trainerOf()
  return { trainer, params, kinds: [TFJS_MODEL_KIND, 'onnx'], held: () => tf.memory().numTensors }
})

describe('distillation', () => {
  it('asks the teacher about every sample once, whatever the number of trials, and leaves nothing in memory', async () => {
    const before = tf.memory().numTensors
    const known = teacher()
    const trainer = trainerOf({ teacher: known })
    for (const seed of [1, 2, 3]) {
      const trial = trialOf(params, { seed })
      const { reports } = await run(trainer, trial)
      expect(Object.keys(numbersOf(reports)[0]!)).toEqual(['step', 'loss', 'accuracy', 'valLoss', 'valAccuracy', 'valTeacherAgreement', 'valTeacherDivergence'])
      expect(trial.warnings).toEqual([])
    }
    expect(known.asked).toEqual([40, 20])
    await trainer.release?.()
    expect(known.closed).toBe(0)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says how far student and teacher agree, as both answer the validation data', async () => {
    const trainer = trainerOf({ restoreBest: false })
    const { reports, artifact } = await run(trainer, trialOf(params))
    const model = await loadModel(tf, await artifact!.bytes())
    const rows = { data: data.validation.x.data, shape: data.validation.x.shape }
    const [said, taught] = [await tfjsPredictor(tf, model).predict(rows), await teacher().predict(rows)]
    model.dispose()
    const best = (logits: Rows, row: number): number => { const own = Array.from(logits.data.subarray(row * 3, row * 3 + 3)); return own.indexOf(Math.max(...own)) }
    const share = data.validation.y.reduce((same, _, row) => same + Number(best(said, row) === best(taught, row)), 0) / 20
    expect(reports.at(-1)!['valTeacherAgreement']).toBeCloseTo(share, 6)
    await trainer.release?.()
  })

  it('compares both on the training data where there are no others, and can stop by what it reports', async () => {
    const alone = trainerOf({ data: { train: data.train }, earlyStopping: { metric: 'teacherDivergence', direction: 'minimize', patience: 3 } })
    expect(Object.keys(numbersOf((await run(alone, trialOf(params))).reports)[0]!)).toEqual(['step', 'loss', 'accuracy', 'teacherAgreement', 'teacherDivergence'])
    const judged = trainerOf({ earlyStopping: { metric: 'valTeacherDivergence', direction: 'minimize', patience: 3 } })
    expect((await run(judged, trialOf(params))).reports).toHaveLength(3)
    await expect(run(trainerOf({ restoreBest: { metric: 'teacherAgreement', direction: 'maximize' } }), trialOf(params))).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(/"teacherAgreement", which is not reported; there are loss, accuracy, valLoss, valAccuracy, valTeacherAgreement/) })
    for (const trainer of [alone, judged]) await trainer.release?.()
  })

  it('is training without a teacher where the labels have all the weight', async () => {
    const { student: build, temperature: _, hardLabelWeight: __, ...common } = base
    const alone = tfjsTrainer<Params>({ ...common, build, loss: 'categoricalCrossentropy', metrics: ['accuracy'] })
    const expected = numbersOf((await run(alone, trialOf(params))).reports)
    for (const form of ['hinton', 'mixture'] as const) {
      const trainer = trainerOf({ form })
      const given = numbersOf((await run(trainer, trialOf({ temperature: 5, hardLabelWeight: 1 }))).reports)
      for (const [index, report] of expected.entries()) for (const name of ['loss', 'accuracy', 'valLoss', 'valAccuracy']) expect(given[index]![name]).toBeCloseTo(report[name] as number, 5)
      await trainer.release?.()
    }
    await alone.release?.()
  })

  it('brings a student that can say anything, as a mixture, to λ·y + (1 − λ)·teacher', async () => {
    const [T, lambda] = [2, 0.3]
    const taught = [[1, 0, -1], [0, 2, 0.5], [-1, 0, 1.5]]
    const trainer = trainerOf({
      data: { train: { x: { data: [1, 0, 0, 0, 1, 0, 0, 0, 1], shape: [3, 3] }, y: [0, 1, 1] } },
      teacher: { train: { data: Float32Array.from(taught.flat()), shape: [3, 3] } },
      student: () => tf.sequential({ layers: [tf.layers.dense({ units: 3, useBias: false, activation: 'softmax', inputShape: [3] })] }),
      form: 'mixture', epochs: 300, batchSize: 3, optimizer: { type: 'sgd', learningRate: 3 }, restoreBest: false,
    })
    const { artifact } = await run(trainer, trialOf({ temperature: T, hardLabelWeight: lambda }))
    const model = await loadModel(tf, await artifact!.bytes())
    const said = tf.tidy(() => Array.from((model.predict(tf.eye(3)) as tf.Tensor).dataSync()))
    model.dispose()
    const goal = taught.flatMap((logits, row) => {
      const powers = logits.map((value) => Math.exp(value / T))
      const sum = powers.reduce((total, power) => total + power, 0)
      return powers.map((power, index) => lambda * Number([0, 1, 1][row] === index) + ((1 - lambda) * power) / sum)
    })
    for (const [index, value] of said.entries()) expect(value).toBeCloseTo(goal[index]!, 3)
    await trainer.release?.()
  })

  it('learns the same from answers that were computed before, and from one-hot rows as from class indices', async () => {
    const rows = (part: { readonly x: { readonly data: Float32Array; readonly shape: readonly number[] } }): Rows => teacher().predict({ data: part.x.data, shape: part.x.shape }) as Rows
    const oneHot = (y: Int32Array): { readonly data: Float32Array; readonly shape: number[] } => ({ data: Float32Array.from({ length: y.length * 3 }, (_, index) => Number(y[Math.floor(index / 3)] === index % 3)), shape: [y.length, 3] })
    const expected = numbersOf((await run(trainerOf(), trialOf(params))).reports)
    const before = trainerOf({ teacher: { train: rows(data.train), validation: rows(data.validation) } })
    expect(numbersOf((await run(before, trialOf(params))).reports)).toEqual(expected)
    const rowsOfClasses = trainerOf({ data: { train: { x: data.train.x, y: oneHot(data.train.y) }, validation: { x: data.validation.x, y: oneHot(data.validation.y) } } })
    for (const [index, report] of numbersOf((await run(rowsOfClasses, trialOf(params))).reports).entries()) expect(report['loss']).toBeCloseTo(expected[index]!['loss'] as number, 5)
  })

  it('gives, stopped and restored, the numbers of a training that ran through', async () => {
    const through = numbersOf((await run(trainerOf(), trialOf(params))).reports)
    const checkpoints: Uint8Array[] = []
    await run(trainerOf(), trialOf(params, { toStep: 1 }), async ({ checkpoint }) => checkpoints.push(await checkpoint!()))
    const rest = numbersOf((await run(trainerOf(), trialOf(params, { resumeFrom: { step: 1, bytes: checkpoints[0]! } }))).reports)
    expect(rest).toEqual(through.slice(1))
  })

  it('opens a teacher when it is needed, closes it with the study, and opens it again after that', async () => {
    const opened: ReturnType<typeof teacher>[] = []
    const trainer = trainerOf({ teacher: () => { const next = teacher(); opened.push(next); return next } })
    expect(opened).toHaveLength(0)
    await run(trainer, trialOf(params))
    await run(trainer, trialOf(params))
    await trainer.release?.()
    await run(trainer, trialOf(params))
    await trainer.release?.()
    expect(opened.map(({ asked, closed }) => [asked, closed])).toEqual([[[40, 20], 1], [[40, 20], 1]])
  })

  it('asks again after a trial that ended, or a teacher that failed, in the middle of an answer', async () => {
    const before = tf.memory().numTensors
    const controller = new AbortController()
    let calls = 0
    const slow: Predictor = { specVersion: 'v1', id: 'slow', predict(batch) { calls += 1; if (calls === 1) controller.abort(); if (calls === 2) throw new Error('The teacher is ill.'); return teacher().predict(batch) } }
    const trainer = trainerOf({ teacher: slow })
    await run(trainer, trialOf(params, { signal: controller.signal })).catch(() => undefined)
    await expect(run(trainer, trialOf(params))).rejects.toThrow('The teacher is ill.')
    expect((await run(trainer, trialOf(params))).reports).toHaveLength(3)
    await trainer.release?.()
    expect(tf.memory().numTensors).toBe(before)
  })

  const answering = (answer: (rows: number) => Rows): Predictor => ({ specVersion: 'v1', id: 'odd', predict: ({ shape }) => answer(shape[0]!) })
  const zeros = (rows: number, classes: number): Rows => ({ data: new Float32Array(rows * classes), shape: [rows, classes] })
  it.each<[string, Partial<DistillationOptions<Params>>, Params, string, RegExp]>([
    ['answers of another shape', { teacher: answering(() => zeros(7, 3)) }, params, 'TFJS_TEACHER', /The teacher "odd" answered 40 samples with the shape \[7, 3\]; expected \[40, classes\]/],
    ['one number a sample', { teacher: answering((rows) => zeros(rows, 1)) }, params, 'TFJS_TEACHER', /a teacher of two classes answers two logits/],
    ['other classes than the student', { teacher: answering((rows) => zeros(rows, 5)) }, params, 'TFJS_TEACHER', /The teacher knows 5 classes, the student 3/],
    ['infinite logits', { teacher: answering((rows) => ({ ...zeros(rows, 3), data: new Float32Array(rows * 3).fill(-Infinity) })) }, params, 'TFJS_TEACHER', /answered -Infinity for class 0: logits are finite/],
    ['probabilities, which it would take for logits that are about equal', { teacher: answering((rows) => ({ shape: [rows, 3], data: Float32Array.from({ length: rows * 3 }, (_, index) => [0.7, 0.3, 0][index % 3]!) })) }, params, 'TFJS_TEACHER', /The teacher "odd" answered probabilities .* scores: 'probabilities'/],
    ['answers that are no rows', { teacher: answering(() => undefined as never) }, params, 'TFJS_TEACHER', /something else than \{ data, shape \}/],
    ['answers in a list', { teacher: { train: { shape: [40, 3], data: Array.from({ length: 120 }, () => 2) as never } } }, params, 'TFJS_TEACHER', /a Float32Array and \[samples, classes\]/],
    ['a function that opens no predictor', { teacher: (() => Promise.resolve(null)) as never }, params, 'TFJS_TEACHER', /opened something that is no Predictor/],
    ['a student with two inputs', { student: () => { const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]; return tf.model({ inputs, outputs: tf.layers.dense({ units: 3, activation: 'softmax' }).apply(tf.layers.concatenate().apply(inputs)) as tf.SymbolicTensor }) } }, params, 'TFJS_MODEL', /The student has 2 inputs/],
    ['probabilities that were computed before', { teacher: { train: { shape: [40, 2], data: new Float32Array(80).fill(0.5) } } }, params, 'TFJS_TEACHER', /given for data\.train" answered probabilities/],
    ['class indices beyond the classes', { data: { train: { x: data.train.x, y: Float32Array.from(data.train.y, (label) => label + 1) } } }, params, 'TFJS_DATA', /class index 3 in data\.train\.y/],
    ['class indices that are no whole numbers', { data: { train: { x: data.train.x, y: Float32Array.from(data.train.y, (label) => label / 2) } } }, params, 'TFJS_DATA', /whole numbers/],
    ['several inputs', { data: { train: { x: [data.train.x, data.train.x], y: data.train.y } } }, params, 'TFJS_DATA', /has 2 inputs: a teacher is asked about one/],
    ['no answers for the validation data', { teacher: { train: zeros(40, 3) } }, params, 'TFJS_TEACHER', /no logits of the teacher for them/],
    ['a student without a softmax', { student: () => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] }) }, params, 'TFJS_MODEL', /does not end in a softmax/],
    ['a student that is no model', { student: () => 'model' as never }, params, 'TFJS_MODEL', /is no layers model/],
    ['a temperature of 0', {}, { ...params, temperature: 0 }, 'TFJS_OPTION', /temperature must be a number from 0\.0001 to 10000, got 0\./],
    ['a temperature whose square is beyond float32', {}, { ...params, temperature: 1e30 }, 'TFJS_OPTION', /from 0\.0001 to 10000, got 1e\+30/],
    ['a temperature that is no number', {}, { ...params, temperature: '4' as never }, 'TFJS_OPTION', /got "4"/],
    ['a weight above 1', {}, { ...params, hardLabelWeight: 2 }, 'TFJS_OPTION', /hardLabelWeight must be from 0/],
    ['an unknown form', { form: 'soft' as never }, params, 'TFJS_OPTION', /form is 'hinton' or 'mixture', got "soft"/],
  ])('refuses %s', async (_, part, given, code, message) => {
    const before = tf.memory().numTensors
    const trainer = trainerOf(part)
    await expect(run(trainer, trialOf(given))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await trainer.release?.()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses streams, since a teacher is not asked twice, and a teacher that is none', async () => {
    const stream = async function* (): AsyncGenerator<{ readonly xs: number[]; readonly ys: number }> { for (let row = 0; row < 8; row++) yield { xs: [points[row]!, 1], ys: 0 } }
    await expect(run(trainerOf({ data: { train: stream as never } }), trialOf(params))).rejects.toMatchObject({ code: 'TFJS_DATA' })
    expect(() => trainerOf({ teacher: {} as never })).toThrow(/teacher must be a Predictor/)
    const model = student()
    expect(() => trainerOf({ teacher: model as never })).toThrow(/teacher must be a Predictor, as tfjsPredictor\(tf, model\)/)
    expect(() => trainerOf({ student: model as never })).toThrow(/student must be a function of the parameters/)
    model.dispose()
  })

  it('refuses options that do not exist, with the nearest that does', () => {
    expect(() => trainerOf({ temperatur: 3 } as never)).toThrow('distillation has no option "temperatur". Did you mean "temperature"?')
    expect(() => trainerOf({ build: student } as never)).toThrow(/distillation has no option "build"/)
    expect(() => distillationSpace({ lambda: [0, 1] } as never)).toThrow('distillationSpace has no option "lambda". It has temperature, hardLabelWeight.')
  })

  it('leaves nothing of a student that could not be made', async () => {
    const before = tf.memory().numTensors
    const trainer = trainerOf({ student: () => { student(); throw new Error('half-way') } })
    await expect(run(trainer, trialOf(params))).rejects.toThrow('half-way')
    await trainer.release?.()
    expect(tf.memory().numTensors).toBe(before)
  })
})
